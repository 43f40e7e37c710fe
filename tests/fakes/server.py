"""The oracle as a process of its own, with its log read along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec

from fakes.oracle import Seen
from fakes.oracle_script import Act, Behaviour, Rule
from fakes.waiting import until

TESTS = Path(__file__).parent.parent


class Server:
    """`start` and `stop` as often as a test likes: the log and the port stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: list[Seen] = []
        self._read = 0
        folder.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Its address, once it has been started."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, *, delay: float = 0.0, rules: Sequence[Rule] = ()) -> None:
        """Start it; every answer takes `delay` seconds."""
        script = self.folder / "rules.json"
        script.write_bytes(msgspec.json.encode(list(rules)))
        output = self.folder / "port"
        process = self._process = self._spawn(output, "--delay", str(delay), "--script", str(script))
        await until(
            lambda: output.read_bytes().endswith(b"\n") or process.poll() is not None,
            seconds=20,
            what="the start of the oracle",
        )
        self.port = int(output.read_bytes())

    def _spawn(self, output: Path, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "fakes.oracle", "--dir", str(self.folder), "--port", str(self.port)]
        with output.open("wb") as out:
            return subprocess.Popen(
                [*command, *more], env={**os.environ, "PYTHONPATH": str(TESTS)}, stdout=out
            )

    def stop(self) -> None:
        """Gone at once; the log stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    async def rules(self, *rules: Rule) -> None:
        """From now on these."""
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{self.url}/_oracle/rules", data=msgspec.json.encode(list(rules))) as answer,
        ):
            assert answer.status == 200

    def seen(self) -> list[Seen]:
        """All requests so far, in order."""
        path = self.folder / "requests.jsonl"
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                one = msgspec.json.decode(line, type=Seen)
                self._seen.append(msgspec.structs.replace(one, payload=""))
        return self._seen

    def submits(self) -> list[Seen]:
        """The submitted reports, in the order of arrival."""
        return [one for one in self.seen() if one.route == "submit"]

    def ids(self) -> set[str]:
        """Ids of the committed reports."""
        return {one.report_id for one in self.seen() if one.committed}


def answer(act: Act, *, seconds: float = 0.0, skip: int = 0, times: int | None = None) -> Rule:
    """A rule for submitted reports."""
    return Rule(behaviour=Behaviour(act=act, seconds=seconds), skip=skip, times=times)
