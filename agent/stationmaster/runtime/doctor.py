"""The doctor inside the agent: it has the account, the environment and the keyring that count."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Mapping

from stationmaster.clock import Clock
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import DoctorRequest
from stationmaster.diagnostics.doctor import Inside, Surroundings, examine
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, Check
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.supervisor import Supervisor


def examine_inside(
    home: Home,
    *,
    clock: Clock,
    credentials: Credentials,
    supervisors: Mapping[str, Supervisor],
    status: Callable[[], AgentStatus],
    request: DoctorRequest,
) -> AsyncGenerator[Check]:
    """All checks, as the agent itself makes them."""
    spools = {name: one.instance.spool for name, one in supervisors.items()}
    health = {name: spool.health for name, spool in spools.items() if spool is not None}
    around = Surroundings(
        home=home,
        store=ConfigStore(home),
        secrets=credentials.store,
        clock=clock,
        env=os.environ,
        inside=Inside(status=status, health=health),
    )
    return examine(around, request)
