"""Calls programs that come with the system, such as launchctl and schtasks. Blocks: call it in a thread."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple


class Done(NamedTuple):
    """How a call ended.

    Attributes:
        there: there is such a program here.
        out: what it answered.
        trouble: "" where it ended well, else what it said, or why it could not be run to its end.
    """

    there: bool
    out: str = ""
    trouble: str = ""


def call(command: Sequence[str], *, limit: float, rights: dict[str, Any] | None = None) -> Done:
    """Run a program to its end.

    Args:
        limit: seconds that it may take.
        rights: `user`, `group` and `extra_groups` of `subprocess.run`; None for ours.
    """
    program = shutil.which(command[0])
    if program is None:
        return Done(there=False, trouble=f"The program {command[0]} is not here.")
    try:
        done = subprocess.run(  # noqa: S603 - programs of the system, and our own
            [program, *command[1:]],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=os.path.abspath(os.sep),  # noqa: PTH100 - the other account may not read ours
            **(rights or {}),
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Done(there=True, trouble=str(error) or type(error).__name__)
    said = (done.stderr or done.stdout).strip() or f"exit {done.returncode}"
    return Done(there=True, out=done.stdout, trouble=said if done.returncode else "")
