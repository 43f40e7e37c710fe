"""The machine's agent with real accounts: its own, two of its group, and one that has no business here."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.equipment import Equipment
from fakes.server import Server
from fakes.waiting import PATIENCE, until

if sys.platform == "win32":
    pytest.skip("users of Unix", allow_module_level=True)

from fakes.accounts import Python, accounts, everybodys_python, needs_root, rights
from stationmaster.home.paths import GROUP, Home, Scope
from stationmaster.hosting.plan import Give, carry_out

FIRST, SECOND = "Zmlyc3Q6dG9rZW4=", "c2Vjb25kOnRva2Vu"
AGENT, DESK, TEST, OUTSIDER = (
    f"sm{os.getpid() % 100_000}-{role}" for role in ("agent", "desk", "test", "out")
)
SUBMITS = """
import sys
from pathlib import Path
from stationmaster.home.paths import Home, Scope
from stationmaster.submit import submit
done = submit(Path(sys.argv[1]).read_bytes(), instance="line1", home=Home.find(Scope.MACHINE))
print(done.report_id)
"""
"""A test program."""


class Machine:
    """A PC with the machine's agent: under a private root, with the rights that it has in /etc and /var."""

    def __init__(self, root: Path, python: Python, server: Server) -> None:
        self.root = root
        self.python = python
        self.server = server
        self.env = {**python.env, "STATIONMASTER_HOME": str(root / "home"), "HOME": "/nonexistent"}
        self.home = Home.find(Scope.MACHINE, env=self.env)
        self.equipment = Equipment("M-")
        self.process: asyncio.subprocess.Process | None = None

    # ---------------------------------------------------------------- programs
    async def run(self, user: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A Python program of this user, to its end."""
        process = await self._spawn(user, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        async with asyncio.timeout(PATIENCE):
            out, talk = await process.communicate(given.encode())
        return subprocess.CompletedProcess(words, process.returncode or 0, out.decode(), talk.decode())

    async def _spawn(self, user: str, *words: str, **streams: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.python.program,
            *words,
            env=self.env,
            cwd="/",
            stderr=subprocess.PIPE,
            **streams,
            **rights(user),
        )

    async def type(self, user: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A command as this user types it."""
        return await self.run(user, "-m", "stationmaster", "--scope", "machine", *words, given=given)

    async def may(self, user: str, *words: str, given: str = "") -> str:
        """It works; what it says."""
        done = await self.type(user, *words, given=given)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout + done.stderr

    async def may_not(self, user: str, *words: str, given: str = "") -> str:
        """It is refused, in words; which."""
        done = await self.type(user, *words, given=given)
        assert done.returncode in {1, 2, 3}, f"{words}: {done.stdout}"
        assert done.stderr.startswith("Error: "), done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    # ---------------------------------------------------------------- the agent
    async def start(self) -> None:
        """As systemd does it: with the account's rights, and until it answers."""
        words = ("-m", "stationmaster", "--scope", "machine", "agent", "run")
        process = self.process = await self._spawn(AGENT, *words, stdin=subprocess.DEVNULL)
        while (await self.type("root", "agent", "status", "--json")).returncode == 3:
            assert process.returncode is None, (await process.communicate())[1].decode()

    async def stop(self) -> None:
        """In order."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            _, talk = await process.communicate()
            assert process.returncode == 0, talk.decode()

    # ---------------------------------------------------------------- reports
    def file(self) -> tuple[Path, str]:
        """A report in a file that everybody may read, and its id."""
        content = json.loads(self.equipment.wsjf().content)
        content["id"] = str(uuid.uuid4())
        path = self.root / f"{content['id']}.json"
        path.write_text(json.dumps(content))
        path.chmod(0o644)
        return path, content["id"]

    async def arrives(self, *ids: str) -> None:
        """They get to the server."""
        await until(lambda: set(ids) <= self.server.ids(), what=f"the reports {ids}")

    def owner(self, path: Path) -> str:
        """Whose it is."""
        return pwd.getpwuid(path.lstat().st_uid).pw_name


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that every account may walk through."""
    needs_root()
    with tempfile.TemporaryDirectory(prefix="sm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
async def machine(root: Path) -> AsyncIterator[Machine]:
    """An installed machine with one instance; its agent does not run yet."""
    server = Server(root / "server")
    await server.start()
    members = {AGENT: True, DESK: True, TEST: True, OUTSIDER: False}
    try:
        with accounts(GROUP, members):
            found = Machine(root, everybodys_python(root), server)
            home = found.home
            folders = (home.config, home.data, home.log, home.run)
            carry_out(Give(text="as `agent install` does", folders=folders, account=AGENT, group=GROUP))
            add = ("instance", "add", "line1", "--server", server.url, "--set", "secrets.store=file")
            await found.may("root", *add, "--token-stdin", given=FIRST)
            try:
                yield found
            finally:
                await found.stop()
    finally:
        server.stop()


async def test_with_an_agent_the_group_operates_and_root_administers(machine: Machine) -> None:
    await machine.start()
    # the desktop
    assert "line1" in await machine.may(DESK, "agent", "status")
    await machine.may(DESK, "agent", "pause")
    await machine.may(DESK, "agent", "resume")
    for words in (
        ("instance", "edit", "line1", "--set", "upload.mode=fixed"),
        ("instance", "edit", "line1", "--token-stdin"),
        ("instance", "remove", "line1", "--yes"),
        ("instance", "add", "line2", "--server", "http://127.0.0.1:9"),
        ("config", "edit", "--set", "conversions=2"),
        ("agent", "stop"),
    ):
        assert "Only the agent's own account and an administrator" in await machine.may_not(
            DESK, *words, given=SECOND
        )
    # the test program
    by_command, first = machine.file()
    by_python, second = machine.file()
    await machine.may(TEST, "submit", str(by_command))
    done = await machine.run(TEST, "-c", SUBMITS, str(by_python))
    assert done.stdout.strip() == second, done.stderr
    await machine.arrives(first, second)
    # the administrator
    token = machine.home.token_file("line1")
    await machine.may("root", "instance", "edit", "line1", "--token-stdin", given=SECOND)
    assert token.read_text().strip() == SECOND
    assert machine.owner(token) == AGENT
    await machine.may("root", "instance", "edit", "line1", "--set", "upload.mode=fixed")
    # who has no business here
    for words in (("agent", "status"), ("agent", "pause"), ("submit", str(by_command)), ("agent", "stop")):
        assert "may not use the control channel" in await machine.may_not(OUTSIDER, *words)
    await machine.may("root", "agent", "stop")
    assert machine.process is not None
    assert await machine.process.wait() == 0
    machine.process = None


async def test_without_an_agent_root_writes_as_the_agents_account(machine: Machine) -> None:
    home = machine.home
    await machine.may("root", "instance", "edit", "line1", "--set", "upload.mode=fixed")
    await machine.may("root", "instance", "edit", "line1", "--token-stdin", given=SECOND)
    await machine.may("root", "config", "edit", "--set", "conversions=2")
    report, report_id = machine.file()
    await machine.may("root", "submit", str(report))
    foreign = [path for path in home.config.parent.rglob("*") if machine.owner(path) != AGENT]
    assert not foreign
    token = home.token_file("line1")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert token.read_text().strip() == SECOND
    # A keyring of root would be of no use to the agent: it is not even asked.
    await machine.may("root", "instance", "edit", "line1", "--set", "secrets.store=keyring")
    told = await machine.type("root", "instance", "edit", "line1", "--token-stdin", given=FIRST)
    assert told.returncode == 4
    assert "secrets.store" in told.stderr
    await machine.may("root", "instance", "edit", "line1", "--set", "secrets.store=file")
    for user in (DESK, OUTSIDER):
        for words in (("instance", "edit", "line1", "--token-stdin"), ("agent", "run")):
            await machine.may_not(user, *words, given=FIRST)
    await machine.start()
    await machine.arrives(report_id)


async def test_without_an_agent_the_group_submits_and_nobody_hurts_another(machine: Machine) -> None:
    home, outbox = machine.home, machine.home.outbox("line1")
    (by_command, first), (by_python, second) = machine.file(), machine.file()
    await machine.may(TEST, "submit", str(by_command))
    done = await machine.run(TEST, "-c", SUBMITS, str(by_python))
    assert done.stdout.strip() == second, done.stderr
    waiting = outbox / f"{second}.queued"
    assert machine.owner(waiting) == TEST
    # A file of another user can be neither replaced nor taken away; the same report may come again.
    for attack in (f"import os; os.unlink({str(waiting)!r})", f"open({str(waiting)!r}, 'w')"):
        assert "PermissionError" in (await machine.run(DESK, "-c", attack)).stderr
    await machine.may(DESK, "submit", str(by_python))
    # Neither a link nor a second name leads the agent to what only it may read.
    secret, planted = home.token_file("line1"), outbox / "planted.queued"
    await machine.run(DESK, "-c", f"import os; os.symlink({str(secret)!r}, {str(planted)!r})")
    assert planted.is_symlink()
    os.link(by_command, outbox / "second-name.queued")
    # A raw file needs a folder that only the agent makes.
    raw = ("submit", str(by_command), "--converter", "wsjf")
    assert "needs a running agent" in await machine.may_not(TEST, *raw)
    for path in (secret, home.instance_file("line1"), home.spool("line1"), home.converters("line1") / "x"):
        spy = f"open({str(path)!r}, 'ab')"
        assert "PermissionError" in (await machine.run(DESK, "-c", spy)).stderr, path
    assert "may not use" in await machine.may_not(OUTSIDER, "submit", str(by_command), "-i", "line1")
    assert (
        "PermissionError"
        in (await machine.run(OUTSIDER, "-c", f"import os; os.stat({str(outbox)!r})")).stderr
    )
    await machine.start()
    await machine.arrives(first, second)
    while_it_runs = outbox / "later.queued"
    await machine.run(DESK, "-c", f"import os; os.symlink({str(secret)!r}, {str(while_it_runs)!r})")
    await machine.may(TEST, *raw)
    await machine.stop()
    assert planted.is_symlink()
    assert while_it_runs.is_symlink()
    assert (outbox / "second-name.queued").exists()
    # Once the agent made the folder for that converter, it takes files without an agent, too.
    later, third = machine.file()
    await machine.may(TEST, "submit", str(later), "--converter", "wsjf")
    await machine.start()
    await machine.arrives(third)
    queued = json.loads((await machine.type(DESK, "queue", "list", "--state", "error", "--json")).stdout)
    assert queued["data"] == []
