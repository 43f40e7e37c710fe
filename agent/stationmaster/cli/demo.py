"""`stationmaster demo`: the main job on real input, with a kill -9 of the agent in between, proven right."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from stationmaster.cli.exit import Exit
from stationmaster.cli.output import say, table
from stationmaster.cli.proof import Delivered, Proof
from stationmaster.cli.sample import FORMATS, real_files, samples
from stationmaster.cli.session import run
from stationmaster.clock import Clock
from stationmaster.control.client import ControlClient
from stationmaster.errors import NoAgentError, StationmasterError
from stationmaster.home.paths import Home
from stationmaster.model import AgentStatus, EntryKind, EntryState
from stationmaster.wats.client import ServerAddress, WatsClient

START_LIMIT = 30.0
DELIVER_LIMIT = 120.0
"""Seconds until a program answers, and until all reports are on the server."""

OPTIONS: dict[str, Any] = {
    "process_code": 10,
    "part_number": "DEMO",
    "serial_number_pattern": r"(?P<sn>.+)\.[^.]+$",
}


def demo(
    *,
    corpus: Annotated[
        Path | None,
        typer.Option(envvar="STATIONMASTER_CORPUS", help="A folder of real result files to use as well."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep server and agent running to look around.")
    ] = False,
) -> None:
    """Show the whole path, with an agent that is killed half way.

    Leaves with 1 unless every file became a report that reads back from the server as it was sent, and the
    server holds no other report.
    """
    with tempfile.TemporaryDirectory(prefix="stationmaster-demo-", ignore_cleanup_errors=True) as folder:
        good = run(_Demo(Path(folder), corpus, keep=keep).show())
    raise typer.Exit(Exit.OK if good else Exit.ERROR)


class _Demo:
    def __init__(self, root: Path, corpus: Path | None, *, keep: bool) -> None:
        self._env = {**os.environ, "STATIONMASTER_HOME": str(root / "home")}
        self._home = Home.find(env=self._env)
        self._watch = root / "results"
        self._root = root
        self._keep = keep
        self._files = list(samples())
        if corpus and corpus.is_dir():
            self._files += real_files(corpus)

    async def show(self) -> bool:
        token = secrets.token_urlsafe(18)
        self._watch.mkdir()
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(self._server(token))
            say(f"1. A WATS-compatible server runs at {url}")
            self._make_instance(url, token)
            say(f"2. The instance `demo` watches {self._watch} for {', '.join(FORMATS)}")
            half = len(self._files) // 2
            async with self._agent() as agent:
                self._drop(self._files[:half])
                await self._wait(completed=max(1, half // 2))
                agent.kill()
                agent.wait()
            say(f"3. {half} files dropped; the agent was killed (kill -9) while it worked")
            self._drop(self._files[half:])
            async with self._agent():
                say(f"4. {len(self._files) - half} more files dropped, the agent started again")
                snapshot = await self._wait(files=len(self._files))
                good = await self._compare(url, token, snapshot)
                if self._keep:
                    say(f"\nLook at the reports in a browser: {url}   Ctrl+C ends the demo.")
                    await asyncio.Event().wait()
        return good

    # ---------------------------------------------------------------- the parts, as a user would start them
    @asynccontextmanager
    async def _server(self, token: str) -> AsyncIterator[str]:
        command = [*_program(), "server", "run", "--port", "0", "--token-stdin"]
        command += ["--database", str(self._root / "server.db")]
        with _started(command, self._env, self._root / "server.log", token) as server:
            try:
                yield await self._said(self._root / "server.log", "Serving on ", server)
            finally:
                _end(server)

    @asynccontextmanager
    async def _agent(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        with _started([*_program(), "agent", "run"], self._env, self._root / "agent.log", None) as agent:
            try:
                await self._answers(agent)
                yield agent
            finally:
                _end(agent)

    def _make_instance(self, url: str, token: str) -> None:
        # The wsjf converter has no such options; JSON's texts and numbers are TOML's.
        options = {name: OPTIONS for name in FORMATS if name != "wsjf"}
        command = [*_program(), "instance", "add", "demo", "--server", url, "--token-stdin"]
        command += ["--watch", str(self._watch), "--set", "watch.0.settle=0.5"]
        command += [part for name in FORMATS for part in ("--converter", name)]
        command += ["--set", "watch.0.after=archive", "--set", "secrets.store=file"]
        command += ["--set", "station.location=Here", "--set", "station.purpose=Demo"]
        for name, values in options.items():
            for key, value in values.items():
                command += ["--set", f"watch.0.options.{name}.{key}={json.dumps(value)}"]
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                command,
                env=self._env,
                input=token.encode(),
                capture_output=True,
                check=False,
                timeout=START_LIMIT,
            )
        except subprocess.TimeoutExpired:
            raise _late("`instance add` did not end", START_LIMIT) from None
        if done.returncode:
            raise StationmasterError(f"`instance add` failed: {done.stderr.decode().strip()}")

    def _drop(self, files: Sequence[tuple[str, str, bytes]]) -> None:
        for _, name, content in files:
            hidden = self._watch / f".{name}.part"
            hidden.write_bytes(content)
            hidden.replace(self._watch / name)

    async def _said(self, log: Path, words: str, process: subprocess.Popen[bytes]) -> str:
        async with within(START_LIMIT, "the server did not start", log):
            while True:
                text = log.read_text(encoding="utf-8")  # noqa: ASYNC240 - the demo does nothing else
                if words in text:
                    return text.split(words, 1)[1].split()[0]
                if process.poll() is not None:
                    raise StationmasterError(f"The server ended: {text.strip()}")
                await asyncio.sleep(0.05)

    async def _answers(self, agent: subprocess.Popen[bytes]) -> None:
        async with within(START_LIMIT, "the agent did not start", self._root / "agent.log"):
            while True:
                try:
                    async with ControlClient(self._home.socket) as client:
                        await client.status()
                        return
                except NoAgentError:
                    if agent.poll() is not None:
                        text = (self._root / "agent.log").read_text(encoding="utf-8")
                        raise StationmasterError(f"The agent ended: {text.strip()[-2000:]}") from None
                await asyncio.sleep(0.05)

    async def _wait(self, *, completed: int = 0, files: int = 0) -> AgentStatus:
        """Until so many reports are delivered, or until all files are taken and delivered."""
        what = f"the agent did not deliver {f'all {files} files' if files else f'{completed} reports'}"
        async with (
            within(DELIVER_LIMIT, what, self._root / "agent.log"),
            ControlClient(self._home.socket) as client,
        ):
            async for snapshot in client.watch():
                counts = snapshot.instances[0].counts
                if completed and counts.completed >= completed:
                    return snapshot
                waiting = counts.queued + counts.processing + snapshot.instances[0].converting
                if (
                    files
                    and not waiting
                    and counts.completed + counts.error >= files
                    and not any(path.is_file() for path in self._watch.iterdir())
                ):
                    return snapshot
        raise NoAgentError("The agent went away during the demo.")

    # ---------------------------------------------------------------- the proof
    async def _compare(self, url: str, token: str, snapshot: AgentStatus) -> bool:
        proof = await self._prove(url, token)
        table("", ("Format", "Files", "Delivered", "Read back equal"), proof.rows())
        for problem in snapshot.problems:
            say(f"! {problem.title}: {problem.text}")
        faults = proof.faults()
        for fault in faults:
            say(f"✗ {fault}")
        if faults:
            say("5. Something is missing, or not as it should be: see above.")
        else:
            say("5. Nothing lost, nothing doubled: every file is on the server, once, as it was sent.")
        return not faults

    async def _prove(self, url: str, token: str) -> Proof:
        """Ask the agent for what it delivered, and the server for all that it holds."""

        async def same_token() -> str:
            return token

        delivered: list[Delivered] = []
        undelivered: list[tuple[str, str]] = []
        async with (
            ControlClient(self._home.socket) as client,
            WatsClient(ServerAddress(url=url), same_token, Clock()) as server,
        ):
            held = await server.report_ids()
            for entry in await client.entries("demo", limit=10_000):
                name, report_id = Path(entry.source).name, entry.report_id
                if entry.superseded:
                    continue
                if entry.state is not EntryState.COMPLETED:
                    undelivered.append((name, entry.reason or entry.state))
                elif entry.kind is EntryKind.REPORT:
                    equal = report_id in held and json.loads(await server.report(report_id)) == json.loads(
                        await client.payload("demo", entry.id)
                    )
                    delivered.append(
                        Delivered(file=name, kind=entry.converter, report_id=report_id, equal=equal)
                    )
        files = tuple((kind, name) for kind, name, _ in self._files)
        return Proof(
            files=files, delivered=tuple(delivered), undelivered=tuple(undelivered), held=tuple(held)
        )


@asynccontextmanager
async def within(seconds: float, what: str, log: Path) -> AsyncIterator[None]:
    """A time limit for the block.

    Raises:
        StationmasterError: it is over; says `what` did not happen, with the end of `log`, which goes with
            the demo's folder.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise _late(what, seconds, log) from None


def _late(what: str, seconds: float, log: Path | None = None) -> StationmasterError:
    talk = "" if log is None else log.read_text(encoding="utf-8", errors="replace").strip()
    said = f" It said: {talk[-2000:]}" if talk else ""
    return StationmasterError(
        f"The demo gave up: {what} within {seconds:g} s.{said}",
        next_step="Is this computer very busy? Run the demo again when it has less to do.",
    )


def _program() -> list[str]:
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, "-P", "-m", "stationmaster"]


def _started(
    command: list[str], env: dict[str, str], log: Path, stdin: str | None
) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=env, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )
    if process.stdin:
        process.stdin.write(f"{stdin or ''}\n".encode())
        process.stdin.close()
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=START_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
