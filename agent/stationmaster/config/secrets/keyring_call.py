"""The agent's side of a keyring call: start the child, wait no longer than the limit, say what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from typing import Any

from stationmaster.config.secrets.secret import Secret
from stationmaster.errors import NeedsUserError
from stationmaster.model import ProblemCode
from stationmaster.sentence import closed
from stationmaster.worker.environment import child_command

if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NO_WINDOW
else:
    import os
    import signal

    _FLAGS = 0

CHILD = "stationmaster.config.secrets.keyring_child"
_REAP_LIMIT = 2.0
_NEXT_STEP = (
    "Unlock the keyring, or choose another place with secrets.store: an environment variable, "
    "a systemd credential, or a file that only its owner may read."
)


async def call(
    operation: str, service: str, user: str, *, limit: float, token: Secret | None = None
) -> Secret | None:
    """Do one keyring call in a child process.

    Args:
        operation: "get", "set" or "delete"; deleting what is not there is no error.
        service: what the entry is for.
        user: whose entry it is.
        limit: seconds; then the child is killed.
        token: what to store, for "set".

    Raises:
        NeedsUserError: keyring-unavailable: there is none, it is locked, failed, or did not answer in time.
    """
    request = {"op": operation, "service": service, "user": user}
    try:
        async with asyncio.timeout(limit):
            answer = await _ask(request, token)
    except TimeoutError:
        raise _unavailable(
            f"it did not answer within {limit:g} s; perhaps it waits for a password on the screen"
        ) from None
    except OSError as error:
        raise _unavailable(f"its helper cannot be started: {error.strerror}") from error
    if "error" in answer:
        raise _unavailable(str(answer.get("cause", "")))
    found = answer.get("token")
    return Secret(found) if found else None


async def _ask(request: dict[str, str], token: Secret | None) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *child_command(CHILD),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a back end might write the token there
        start_new_session=True,
        creationflags=_FLAGS,
    )
    try:
        content = request if token is None else {**request, "token": token.reveal()}
        output, _ = await process.communicate(json.dumps(content).encode())
    finally:
        if process.returncode is None:
            await _kill(process)
    try:
        answer = json.loads(output)
    except ValueError:
        # No cause: the exception would carry the child's output, which may hold a token.
        answer = {"error": "failed", "cause": f"its helper ended with code {process.returncode}"}
    return answer if isinstance(answer, dict) else {}


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the child and reap it, also while we are being cancelled."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            # Its session: a program that a back end started holds our pipes, and we would wait for its end.
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAP_LIMIT):
            await process.wait()


def _unavailable(cause: str) -> NeedsUserError:
    return NeedsUserError(
        closed(f"The system's keyring cannot be used: {cause}"),
        code=ProblemCode.KEYRING_UNAVAILABLE,
        next_step=_NEXT_STEP,
    )
