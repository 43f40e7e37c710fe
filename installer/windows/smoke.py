r"""Try Stationmaster on Windows, or on a Windows Python under wine: `make windows-smoke`.

    python smoke.py PROGRAM...          for instance: python -m stationmaster, or dist\\stationmaster.exe
    python smoke.py --tray TRAY.EXE     the frozen tray: it must find and start the agent beside it

Agent, control pipe, a worker that hangs and is ended, a worker that takes too much memory and is ended,
the token in the credential vault, submit, the agent's stop. Each step prints a line; the first that fails
ends it with 1. The standard library is all it needs, and nothing is left behind but a folder in %TEMP%.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOKEN = "bmFtZTpzZWNyZXQ="  # noqa: S105 - of the server that this script starts
STORE = "keyring" if sys.platform == "win32" else "file"
PATIENCE = 180.0

REPORT = {
    "type": "T", "sn": "SN-1", "pn": "BRD-7", "rev": "B", "processCode": 10, "result": "P",
    "machineName": "FCT-2", "location": "Hall 1", "purpose": "Production",
    "start": "2026-03-02T07:15:30+01:00", "uut": {"user": "kim", "execTime": 12.5},
    "root": {"stepType": "SequenceCall", "name": "Main", "group": "M", "status": "P",
             "seqCall": {"path": "board.seq", "name": "board.seq", "version": "2.4"}, "steps": []},
}  # fmt: skip

HANGS = """
import time

class Hangs:
    name = "hangs"
    version = "1"

    def convert(self, source, options, resume):
        time.sleep(3600)
        yield None
"""

EATS = """
class Eats:
    name = "eats"
    version = "1"

    def convert(self, source, options, resume):
        kept = []
        while True:
            kept.append(bytearray(16 * 1024 * 1024))
        yield None
"""


class Smoke:
    """One home, one server, one agent; every step goes through the command line, as a person's would."""

    def __init__(self, folder: Path, program: list[str]) -> None:
        self.folder = folder
        self.program = program
        self.env = {**os.environ, "STATIONMASTER_HOME": str(folder / "home"), "PYTHONUNBUFFERED": "1"}
        self.watch = {name: folder / name for name in ("good", "hangs", "eats")}

    def run(self, *arguments: str, text: str = "", fails: bool = False) -> str:
        """A command to its end; what it answered."""
        done = subprocess.run(  # noqa: S603 - our own program
            [*self.program, *arguments],
            env=self.env,
            input=text.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        told = done.stdout.decode(errors="replace")
        if bool(done.returncode) != fails:
            raise SystemExit(
                f"FAILED {arguments}: code {done.returncode}\n{told}\n{done.stderr.decode(errors='replace')}"
            )
        return told

    @contextmanager
    def background(self, name: str, *arguments: str, text: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs on; its words go to a file."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*self.program, *arguments], env=self.env, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(f"{text}\n".encode())
        process.stdin.close()
        try:
            yield process
        finally:
            if process.poll() is None:
                end_tree(process)
            process.wait(timeout=PATIENCE)

    def words(self, name: str) -> str:
        """What a command in the background has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def entries(self, state: str) -> list[dict[str, Any]]:
        """Entries of the instance in this state."""
        answer = json.loads(self.run("queue", "list", "--instance", "line1", "--state", state, "--json"))[
            "data"
        ]
        return list(answer["entries"] if isinstance(answer, dict) else answer)

    def add(self, url: str) -> None:
        """The instance, with its token in the system's own store."""
        for path in self.watch.values():
            path.mkdir()
        command = ["instance", "add", "line1", "--server", url, "--watch", str(self.watch["good"])]
        command += ["--converter", "wsjf", "--token-stdin", "--set", f"secrets.store={STORE}"]
        command += ["--set", "convert.timeout=5", "--set", "convert.memory_mb=300"]
        for number, name in enumerate(("hangs", "eats"), start=1):
            command += ["--set", f"watch.{number}.path={self.watch[name]}"]
            command += ["--set", f"watch.{number}.converters={name}"]
        self.run(*command, text=TOKEN)
        converters = self.folder / "home" / "data" / "line1" / "converters"
        converters.mkdir(parents=True, exist_ok=True)
        (converters / "hangs.py").write_text(HANGS, encoding="utf-8")
        (converters / "eats.py").write_text(EATS, encoding="utf-8")


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started: a one-file program is two."""
    if sys.platform == "win32":  # wine knows no /T, so both
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)  # noqa: S603, S607 - Windows' own
    if process.poll() is None:
        process.terminate()


def under_wine() -> bool:
    """Wine 8 takes a job's memory limit and does not hold to it: there the time limit ends what eats."""
    import ctypes  # noqa: PLC0415 - on Windows alone

    windows = getattr(ctypes, "windll", None)
    return windows is not None and hasattr(windows.ntdll, "wine_get_version")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one try; what a program still holds open stays."""
    place = Path(tempfile.mkdtemp(prefix="smoke-")).resolve()
    yield place
    shutil.rmtree(place, ignore_errors=True)


def wait(what: str, true: Callable[[], object]) -> None:
    """Look until it is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"FAILED {what}: not within {PATIENCE:g} s")
        time.sleep(0.2)
    say(what)


def say(what: str) -> None:
    """One step is done."""
    print(f"ok  {what}", flush=True)  # noqa: T201 - the answer


def answers(smoke: Smoke) -> bool:
    """The agent answers on its pipe."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*smoke.program, "agent", "status", "--json"],
        env=smoke.env,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.returncode == 0 and b'"pid"' in done.stdout


def try_console(program: list[str]) -> None:
    """The command line and the agent."""
    with folder() as place:
        smoke = Smoke(place, program)
        say(smoke.run("--version").strip())
        server = smoke.background(
            "server", "server", "run", "--port", "0", "--token-stdin",
            "--database", str(smoke.folder / "server.db"), text=TOKEN,
        )  # fmt: skip
        with server:
            wait("the server listens", lambda: "Serving on " in smoke.words("server"))
            url = smoke.words("server").partition("Serving on ")[2].split()[0].rstrip(".")
            smoke.add(url)
            say(f"the token is stored: {STORE}")
            with smoke.background("agent", "agent", "run") as agent:
                wait("the agent answers on its pipe", lambda: answers(smoke))
                (smoke.watch["good"] / "one.json").write_text(json.dumps(REPORT), encoding="utf-8")
                wait("a file is converted and delivered", lambda: len(smoke.entries("completed")) == 1)
                two = smoke.folder / "two.json"
                two.write_text(json.dumps({**REPORT, "sn": "SN-2"}), encoding="utf-8")
                smoke.run("submit", str(two), "--instance", "line1")
                wait("a report is submitted and delivered", lambda: len(smoke.entries("completed")) == 2)
                (smoke.watch["hangs"] / "three.txt").write_text("x", encoding="utf-8")
                wait("a converter that hangs is ended", lambda: len(smoke.entries("error")) == 1)
                (smoke.watch["eats"] / "four.txt").write_text("x", encoding="utf-8")
                wait("a converter that eats memory is ended", lambda: len(smoke.entries("error")) == 2)
                reasons = [
                    str(entry.get("reason") or entry.get("text") or entry) for entry in smoke.entries("error")
                ]
                say("; ".join(reasons))
                if not under_wine() and not any("memory" in reason for reason in reasons):
                    raise SystemExit("FAILED: the memory cap was not what ended it")
                smoke.run("agent", "stop")
                wait("the agent stops", lambda: agent.poll() is not None)
                if agent.returncode:
                    raise SystemExit(
                        f"FAILED: the agent ended with {agent.returncode}\n{smoke.words('agent')[-3000:]}"
                    )
            smoke.run("instance", "remove", "line1", "--yes")
            say("the instance and its token are removed")


def try_autostart(tray: Smoke) -> None:
    """The switch writes what Windows reads at log-in, and takes it away."""
    run = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
    query = ["reg", "query", run, "/v", "stationmaster-tray"]
    for wanted in ("on", "off"):
        tray.run("--autostart", wanted)
        told = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603 - Windows' own
        if (wanted == "on") != ("--hidden" in told.stdout):
            raise SystemExit(f"FAILED: starting at log-in switched {wanted}, and there stands: {told.stdout}")
    say("starting at log-in is switched on and off")


def try_tray(tray: str) -> None:
    """The frozen tray starts the frozen agent beside it."""
    with folder() as place:
        console = str(Path(tray).with_name(Path(tray).name.replace("stationmaster-tray", "stationmaster")))
        smoke = Smoke(place, [console])
        program = Smoke(smoke.folder, [tray])
        program.env["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM", "offscreen")
        with program.background("tray", "--hidden") as process:
            wait("the tray starts the agent beside it", lambda: process.poll() is not None or answers(smoke))
            if process.poll() is not None:
                raise SystemExit(f"FAILED: the tray ended with {process.returncode}\n{program.words('tray')}")
            program.run("--hidden")
            if process.poll() is not None:
                raise SystemExit(f"FAILED: a second tray ended the first with {process.returncode}")
            say("a second tray leaves, the first stays")
            if sys.platform == "win32":
                try_autostart(program)
        say("the tray ends")
        if not answers(smoke):
            raise SystemExit("FAILED: the agent went with the tray")
        say("the agent outlives it")
        smoke.run("agent", "stop")
        say("the agent stops")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tray"]:
        try_tray(sys.argv[2])
    elif sys.argv[1:]:
        try_console(sys.argv[1:])
    else:
        raise SystemExit(__doc__)
