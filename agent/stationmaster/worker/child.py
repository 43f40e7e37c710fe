"""The child's end: `serve(handlers)` answers requests until the agent is gone.

Imported by every child at its start: nothing heavy may be imported here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from stationmaster.worker.frame import FrameReader, pack

Handler = Callable[[dict[str, Any]], Mapping[str, Any]]

NICENESS = 5
"""The agent and the test programs of the station go first."""
_MB = 1024 * 1024
_SLACK = 5
"""Seconds beyond a request's limit after which the child ends itself, should the agent be unable to."""


def run_module(module: str, arguments: Sequence[str] = ()) -> None:
    """Run `module` as a child; the entry of a frozen program, where there is no `python -m`.

    Args:
        arguments: what its `main()` finds in `sys.argv`.

    Raises:
        ValueError: the module is none of ours.
    """
    if not module.startswith("stationmaster."):
        raise ValueError(f"{module} is no part of Stationmaster")
    sys.argv = [module, *arguments]
    import_module(module).main()


def serve(handlers: Mapping[str, Handler]) -> None:
    """Answer requests with `handlers[message["op"]](message)`, one after the other, until the agent is gone.

    A handler that raises answers with its exception. Whatever a handler prints goes to the agent as output.
    """
    reader, writer = _take_channel()
    _follow_parent()
    limits = _Limits()
    _send(writer, pack({"answer": {"ready": os.getpid()}}))
    frames = FrameReader()
    while data := os.read(reader, 1 << 16):
        for message in frames.feed(data):
            reply = _answer(handlers, message, limits)
            _send(writer, pack(reply))


def _send(writer: int, data: bytes) -> None:
    """Write all of it; the agent may take it in pieces."""
    while data:
        data = data[os.write(writer, data) :]


def _take_channel() -> tuple[int, int]:
    """Move the channel away from 0 and 1, so that no `print` and no C library can write into it."""
    reader, writer = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    _keep_from_forks(reader, writer)
    return reader, writer


def _keep_from_forks(reader: int, writer: int) -> None:
    """What a plug-in forks gets no channel: it could answer too, and our end would go unnoticed."""
    if sys.platform != "win32":

        def close() -> None:
            os.close(reader)
            os.close(writer)

        os.register_at_fork(after_in_child=close)


def _follow_parent() -> None:
    """Be nice, and die with the agent even in the middle of a request.

    Windows: the Job Object and the priority class say both.
    """
    if sys.platform != "win32":
        os.nice(NICENESS)
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - needed on Linux only
        import signal  # noqa: PLC0415 - the same

        # prctl(PR_SET_PDEATHSIG, SIGKILL): an agent killed by -9 cannot tell us
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def _answer(handlers: Mapping[str, Handler], message: dict[str, Any], limits: _Limits) -> dict[str, Any]:
    """Run the handler within its limits."""
    limits.apply(message.pop("limits", {}))
    try:
        return {"answer": handlers[message["op"]](message)}
    except BaseException as error:  # noqa: BLE001 - the boundary to plug-in code: even SystemExit is an answer
        limits.lift()  # telling what went wrong needs memory
        return {"failure": _failure(error)}
    finally:
        limits.lift()


def trace(error: BaseException) -> str:
    """The end of the traceback, at most 8 kB; it begins at the first frame of the plug-in."""
    import traceback  # noqa: PLC0415 - 8 ms at the start of every child, needed rarely

    begin = error.__traceback__
    while begin is not None and _is_host(begin.tb_frame.f_code.co_filename):
        begin = begin.tb_next
    # where all is ours the fault is, too
    begin = begin or error.__traceback__
    return "".join(traceback.format_exception(type(error), error, begin, limit=-30))[-8192:]


def _is_host(file: str) -> bool:
    """Is it what calls a plug-in: Stationmaster without its own plug-ins, or the import?"""
    return file.startswith((*_HOST, "<frozen importlib"))


def _failure(error: BaseException) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "text": _say(error)[:4096],
        "errno": error.errno if isinstance(error, OSError) else None,
        "trace": trace(error),
    }


def _say(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a plug-in's exception may fail even at that
        return ""


_PACKAGE = __file__.rpartition("worker")[0]
_HOST = tuple(f"{_PACKAGE}{one}{os.sep}" for one in ("convert", "worker"))


class _Limits:
    """The limits that a child can set on itself."""

    def __init__(self) -> None:
        """Remember what the idle child has."""
        self._idle = _virtual_bytes()

    def apply(self, limits: Mapping[str, Any]) -> None:
        """Cap memory (Linux) and set the alarm that ends us should the agent be gone (POSIX)."""
        if sys.platform != "win32":
            import signal  # noqa: PLC0415 - POSIX only

            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, float(limits.get("seconds", 0)) + _SLACK)
        memory_mb = int(limits.get("memory_mb", 0))
        if memory_mb and self._idle:
            _cap_memory(self._idle + memory_mb * _MB)

    def lift(self) -> None:
        """Between requests there is no limit."""
        if sys.platform != "win32":
            import signal  # noqa: PLC0415 - POSIX only

            signal.setitimer(signal.ITIMER_REAL, 0)
        if self._idle:
            _cap_memory(None)


def _virtual_bytes() -> int:
    """Address space of this process; 0 where it cannot be capped."""
    size = 0
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib would be imported for this alone
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return size


def _cap_memory(limit: int | None) -> None:
    """Lower the soft limit of the address space, or raise it to the hard one."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - POSIX only

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = hard if limit is None else limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
