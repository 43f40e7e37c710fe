"""Plays a page as a reader would: saves its files, types its commands, in a folder and a home of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from docs.page import Block, Step, blocks
from stationmaster.home.paths import Home

LIMIT = 300.0
DATA = Path(__file__).parents[1] / "data"
SOCKET = "~/.local/state/stationmaster/run/agent.sock"
"""How pages write the control channel's address."""

_SAME = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\S*/"), ""),
    (re.compile(r"\s+"), " "),
)


class Terminal:
    """A folder to work in, with a home and a free port instead of 8080."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("STATIONMASTER_")}
        self.env |= {"STATIONMASTER_HOME": str(folder / "home"), "COLUMNS": "120", "PYTHONUTF8": "1"}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.home = Home.find(env=self.env)
        self.port = _free_port()
        self._running: list[subprocess.Popen[bytes]] = []
        self._instance = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # ---------------------------------------------------------------- a page
    def play(self, page: Path) -> int:
        """Do what the page says, block by block; returns how many commands and snippets ran."""
        return sum(self._play(block) for block in blocks(page))

    def _play(self, block: Block) -> int:
        marks = block.marks
        if "instance" in marks:
            self._make_instance(marks["instance"])
        if "place" in marks:
            self._place(marks["place"])
        if "agent" in marks:
            self.start("stationmaster agent run")
            self.until(Step("stationmaster agent status", ()), str(block))
        self._lay(block)
        if block.language == "python":
            return self._snippet(block)
        ran = 0
        for step in block.steps if marks.keys() & {"run", "retry", "background"} else ():
            if "background" in marks:
                self.start(step.command)
            elif "retry" in marks:
                self.until(step, str(block))
            elif shutil.which(step.command.split()[0], path=self.env["PATH"]):
                problem = self.type(step)
                assert not problem, f"{block}: $ {step.command}\n{problem}"
            ran += 1
        return ran

    # ---------------------------------------------------------------- commands
    def type(self, step: Step) -> str:
        """Run a command to its end; what was wrong with it, or ""."""
        done = subprocess.run(
            ["sh", "-c", self._here(step.command)],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
        )
        said = done.stdout.decode()
        if done.returncode:
            return f"ended with {done.returncode}:\n{said}"
        left = _normal(said)
        for line in step.output:
            _, found, left = left.partition(_normal(line))
            if not found:
                return f"did not say {line!r}, but:\n{said}"
        return ""

    def until(self, step: Step, place: str) -> None:
        """Run a command again and again until it comes true."""
        deadline = time.monotonic() + LIMIT
        while problem := self.type(step):
            assert time.monotonic() < deadline, f"{place}: $ {step.command}\n{problem}"

    def start(self, command: str) -> None:
        """Start a command that stays."""
        with (self.folder / f"background-{len(self._running)}.log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {self._here(command)}"],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)

    def _here(self, command: str) -> str:
        return command.replace("8080", str(self.port)).replace(SOCKET, f"'{self.home.socket}'")

    # ---------------------------------------------------------------- what marks ask for
    def _make_instance(self, instance: str) -> None:
        self._instance = instance
        if not self.home.instance_file(instance).exists():
            command = f"stationmaster instance add {instance} --server http://127.0.0.1:9 "
            problem = self.type(Step(command + "--watch results --converter wsjf", ()))
            assert not problem, problem

    def _place(self, file: str) -> None:
        folder = self.home.converters(self._instance)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / file, folder)

    def _lay(self, block: Block) -> None:
        """Lay down the file that the page shows, and `data` that no page can: a binary file, or a folder."""
        if "file" in block.marks:
            (self.folder / block.marks["file"]).write_text(block.text, encoding="utf-8")
        if "data" in block.marks:
            sample = DATA / block.marks["data"]
            if sample.is_dir():
                shutil.copytree(sample, self.folder / sample.name)
            else:
                shutil.copy(sample, self.folder)

    def _snippet(self, block: Block) -> int:
        file = self.folder / block.marks.get("file", f"snippet_{block.line}.py")
        file.write_text(block.text, encoding="utf-8")
        test, place = file.name.startswith("test_"), str(file.relative_to(self.folder))
        arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", place] if test else [place]
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, f"{block} ended with {done.returncode}:\n{said}"
        return 1


def _normal(text: str) -> str:
    """Without what differs from run to run: ids, times, folders, blanks."""
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    return text.strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
