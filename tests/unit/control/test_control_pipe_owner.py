from __future__ import annotations

import pytest

from stationmaster.control.pipe_owner import ADMINISTRATORS, LOCAL_SERVICE, SYSTEM, check_pipe_owner
from stationmaster.errors import NoAgentError

OURS, OTHERS = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
USER = r"\\.\pipe\stationmaster-kim-0123"
MACHINE = r"\\.\pipe\stationmaster-machine-0123"


@pytest.mark.parametrize("owner", [OURS, SYSTEM, ADMINISTRATORS])
@pytest.mark.parametrize("address", [USER, MACHINE])
def test_our_agent_and_those_who_may_do_all_are_believed(owner: str, address: str) -> None:
    check_pipe_owner(owner, address, ours={OURS})


def test_the_account_of_the_machines_agent_is_believed_at_its_pipe_alone() -> None:
    check_pipe_owner(LOCAL_SERVICE, MACHINE, ours={OURS})
    with pytest.raises(NoAgentError, match="nothing was sent"):
        check_pipe_owner(LOCAL_SERVICE, USER, ours={OURS})


@pytest.mark.parametrize("owner", [OTHERS, ""])
@pytest.mark.parametrize("address", [USER, MACHINE])
def test_somebody_elses_pipe_is_refused(owner: str, address: str) -> None:
    with pytest.raises(NoAgentError, match="belongs to"):
        check_pipe_owner(owner, address, ours={OURS})
