"""Run a command of our console program from a window: its answer, its errors in words, and an end at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeVar

import msgspec

from stationmaster.errors import StationmasterError
from stationmaster.home.system_program import call

T = TypeVar("T")

_ERROR = "Error: "
_LAST_WORDS = 2000
"""Characters of what a command said that are worth showing."""
_WINDOWS_HIDDEN = 0x08000000  # CREATE_NO_WINDOW: a console program would open one
_KILL_LIMIT = 10.0
"""Seconds that Windows may take to end processes."""
_TEMP = ("TMPDIR", "TMP", "TEMP")


class Command:
    """One run of a command. What it leaves in its temporary folder is removed, however it ends.

    It runs as a process of its own, so that it may take as long as it likes and run code of the user's: it
    slows down neither window nor agent, and who cancels what waits for it ends it.
    """

    def __init__(self, command: Callable[[], tuple[str, ...]], env: Mapping[str, str]) -> None:
        """Start nothing yet.

        Args:
            command: the program and its words.
            env: its environment.
        """
        self._command = command
        self._env = env

    async def answer(self, kind: type[T]) -> T:
        """What stands under `data` of the one JSON object that it answers with.

        Raises:
            StationmasterError: it failed, with what it said.
        """
        said = b"".join([line async for line in self._lines()])
        return await asyncio.to_thread(_decoded, said, kind)

    async def answers(self, first: type[T], others: type[Any]) -> AsyncGenerator[Any, None]:
        """The same of each line, as it comes: the first line is of one kind, the others of another.

        Raises:
            StationmasterError: it failed, with what it said.
        """
        kind: type[Any] = first
        async with contextlib.aclosing(self._lines()) as lines:
            async for line in lines:
                yield await asyncio.to_thread(_decoded, line, kind)
                kind = others

    async def done(self) -> None:
        """Run it to its end; its answer does not matter.

        Raises:
            StationmasterError: it failed, with what it said.
        """
        async for _line in self._lines():
            pass

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        came: asyncio.Queue[bytes | _Trouble | None] = asyncio.Queue()

        def tell(line: bytes | _Trouble | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(came.put_nowait, line)

        run = _Run(self._command, self._env, tell)
        # A daemon: a process that left its group is not ended, and may hold the pipe for ever.
        Thread(target=run.work, name="command", daemon=True).start()
        try:
            answered = False
            while isinstance(line := await came.get(), bytes):
                answered = True
                yield line
            if line is not None and not (answered and line.quiet):
                raise line.error
        finally:
            run.end()


@dataclass(frozen=True, slots=True)
class _Trouble:
    """How it ended, if not well; `quiet`: by its exit code alone, it said nothing of an error."""

    error: Exception
    quiet: bool = False


class _Run:
    """The process, in a thread of its own."""

    def __init__(
        self,
        command: Callable[[], tuple[str, ...]],
        env: Mapping[str, str],
        tell: Callable[[bytes | _Trouble | None], None],
    ) -> None:
        self._command = command
        self._env = env
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False

    def end(self) -> None:
        """End it at once, with the processes that it started; idempotent, from any thread."""
        self._unwanted = True
        if self._process is not None and self._process.poll() is None:
            _kill(self._process)

    def work(self) -> None:
        """Run it to its end, and tell that last: its trouble, or None; blocks."""
        trouble: _Trouble | None = None
        try:
            folder = Path(tempfile.mkdtemp(prefix="stationmaster-command-"))
            if sys.platform != "win32" and os.geteuid() == 0:
                # as /tmp: root's command may go on as the account of the machine's agent
                folder.chmod(0o1777)
            try:
                trouble = self._worked(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            text = f"The command cannot be run: {error.strerror or error}."
            trouble = _Trouble(StationmasterError(text, next_step="Install Stationmaster again."))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for it
            trouble = _Trouble(error)
        finally:
            self._tell(trouble)

    def _worked(self, folder: Path) -> _Trouble | None:
        env = {**self._env, **dict.fromkeys(_TEMP, str(folder)), "PYTHONUTF8": "1"}
        if getattr(sys, "frozen", False):
            env["PYINSTALLER_RESET_ENVIRONMENT"] = "1"  # it must not use files that we unpacked
        with (folder / "said.txt").open("w+b") as said, _started(self._command(), env, said) as process:
            self._process = process
            if self._unwanted:  # before there was a process that `end` could have ended
                _kill(process)
            for line in process.stdout or ():
                self._tell(line)
            code = process.wait()
            said.seek(0)
            return _trouble(code, said.read().decode(errors="replace")) if code else None


def _started(command: tuple[str, ...], env: Mapping[str, str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    own: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own = {"creationflags": _WINDOWS_HIDDEN}
    return subprocess.Popen(  # noqa: S603 - our own program
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, **own
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        words = ("taskkill", "/F", "/T", "/PID", str(process.pid))  # `kill` would leave those that it started
        Thread(target=lambda: call(words, limit=_KILL_LIMIT), daemon=True).start()
        return
    with contextlib.suppress(OSError):  # it ended by itself
        os.killpg(process.pid, signal.SIGKILL)


def _trouble(code: int, said: str) -> _Trouble:
    """What `stationmaster.cli.output.tell` wrote last, as the error that it was."""
    before, mark, told = said.rpartition(_ERROR)
    if mark and (not before or before.endswith("\n")):
        text, _, step = told.strip().partition("\n")
        return _Trouble(StationmasterError(text, next_step=" ".join(step.split())))
    words = said.strip()[-_LAST_WORDS:] or "it said nothing"
    error = StationmasterError(f"The command ended with code {code}: {words}")
    return _Trouble(error, quiet=code == 1 and "Traceback (most recent call last)" not in said)


def _decoded(said: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(msgspec.json.decode(said, type=_Envelope).data, type=kind)
    except (ValueError, RecursionError) as error:  # bad UTF-8 is a ValueError, but no DecodeError
        raise StationmasterError(
            f"The command's answer cannot be read: {error}",
            next_step="Install Stationmaster again: its two programs belong together.",
        ) from error


class _Envelope(msgspec.Struct):
    data: msgspec.Raw
