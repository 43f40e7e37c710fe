"""The system's keyring: a real one, a locked one, none, and back ends that hang, fail, talk or forget."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes import keyring_session
from fakes.waiting import running, until
from stationmaster.config.secrets import Secret, SecretStore, keyring_call
from stationmaster.config.store import ConfigStore
from stationmaster.errors import NeedsUserError
from stationmaster.home.paths import Home
from stationmaster.worker.environment import child_command

PLANTED = "cGxhbnRlZDp0b2tlbg=="
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")


@pytest.fixture
def no_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without D-Bus."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def files_with_token(*folders: Path) -> list[Path]:
    found = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file for file in found if PLANTED.encode() in file.read_bytes()]


# -------------------------------------------------------------------- the keyring
@pytest.mark.usefixtures("keyring_env")
async def test_a_real_keyring_keeps_the_token(home: Home, store: ConfigStore, secrets: SecretStore) -> None:
    assert await secrets.get("line1") is None
    await secrets.set("line1", Secret(PLANTED))
    fresh = SecretStore(home, store.load)
    assert await fresh.get("line1") == Secret(PLANTED)
    await fresh.delete("line1")
    await fresh.delete("line1")  # again is fine
    assert await fresh.get("line1") is None
    assert await secrets.get("line1") is None


@pytest.mark.usefixtures("keyring_env")
async def test_homes_and_instances_have_entries_of_their_own(
    store: ConfigStore, secrets: SecretStore, tmp_path: Path
) -> None:
    await secrets.set("line1", Secret(PLANTED))
    other_home = Home.find(env={"STATIONMASTER_HOME": str(tmp_path / "other")})
    assert await SecretStore(other_home, store.load).get("line1") is None
    store.add("line2", "https://x")
    assert await secrets.get("line2") is None


async def test_the_token_is_in_the_keyring_only(
    keyring_env: dict[str, str], home: Home, secrets: SecretStore, session_folder: Path,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    asyncio.get_running_loop().set_debug(enabled=True)
    with caplog.at_level(logging.DEBUG):
        await secrets.set("line1", Secret(PLANTED))
        assert await secrets.get("line1") == Secret(PLANTED)
    assert keyring_env["XDG_RUNTIME_DIR"]
    assert files_with_token(home.config.parent, session_folder) == []
    assert PLANTED not in caplog.text
    assert PLANTED not in "".join(capfd.readouterr())
    assert PLANTED not in repr(vars(secrets))


async def test_a_locked_keyring_is_told_and_nothing_is_used_in_its_place(
    session_folder: Path, monkeypatch: pytest.MonkeyPatch, home: Home, secrets: SecretStore
) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    for locked in (False, True):
        with keyring_session.keyring_session(session_folder, locked=locked) as variables:
            for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
                monkeypatch.setenv(name, variables[name])
            if not locked:
                await secrets.set("line1", Secret(PLANTED))
                continue
            for call in (
                secrets.get("line1"),
                secrets.set("line1", Secret(PLANTED)),
                secrets.delete("line1"),
            ):
                with pytest.raises(NeedsUserError, match="keyring cannot be used") as caught:
                    await call
                assert caught.value.code == "keyring-unavailable"
                assert "secrets.store" in caught.value.next_step
                assert PLANTED not in "".join(traceback.format_exception(caught.value))
    assert files_with_token(home.config.parent) == []


@pytest.mark.usefixtures("no_keyring")
async def test_without_a_keyring_nothing_is_used_in_its_place(home: Home, secrets: SecretStore) -> None:
    for call in (secrets.get("line1"), secrets.set("line1", Secret(PLANTED))):
        with pytest.raises(NeedsUserError, match="there is none") as caught:
            await call
        assert caught.value.code == "keyring-unavailable"
    assert files_with_token(home.config.parent) == []


_HANGING = """
import os, subprocess, sys, time
class Keyring(Quiet):
    def get_password(self, service, user):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.environ["PIDS"], "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        time.sleep(600)
"""


@posix_only
async def test_a_keyring_that_hangs_is_cut_off_with_all_it_started(
    home: Home,
    store: ConfigStore,
    backend: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend(_HANGING)
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    # Long enough for the child to get to its sleep on a busy machine, far shorter than that sleep.
    secrets = SecretStore(home, store.load, timeout=10.0)
    start = time.monotonic()
    ticks = asyncio.create_task(count_ticks())
    with pytest.raises(NeedsUserError, match="did not answer within 10 s"):
        await secrets.get("line1")
    assert time.monotonic() - start < 60
    ticks.cancel()
    assert await ticks > 10, "the loop went on"
    for pid in pids.read_text().split():
        await until_gone(int(pid))


async def count_ticks() -> int:
    count = 0
    try:
        while True:
            await asyncio.sleep(0.01)
            count += 1
    except asyncio.CancelledError:
        return count


async def until_gone(pid: int) -> None:
    await until(lambda: not running(pid))


@posix_only
async def test_a_cancelled_call_leaves_no_child(
    secrets: SecretStore, backend: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend(_HANGING)
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    call = asyncio.create_task(secrets.get("line1"))
    await until(lambda: pids.exists() and pids.read_text().count(" ") == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for pid in pids.read_text().split():
        await until_gone(int(pid))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("    def get_password(self, s, u): raise RuntimeError('boom\\nboom')", "RuntimeError: boom boom"),
        ("    def get_password(self, s, u): raise SystemExit(7)", "ended with code 7"),
        (
            "    def get_password(self, s, u):\n        import os; os.write(2, b'x' * 200000); os._exit(3)",
            "code 3",
        ),
        ("    def __init__(self): raise OSError('no vault')", "no vault"),
    ],
)
async def test_a_back_end_that_fails_is_told(
    secrets: SecretStore, backend: Callable[[str], None], body: str, says: str
) -> None:
    backend(f"class Keyring(Quiet):\n{body}\n")
    with pytest.raises(NeedsUserError, match=says):
        await secrets.get("line1")


_TALKING = """
import sys
class Keyring(Quiet):
    def get_password(self, service, user):
        print("noise"); sys.stderr.write("noise"); return None
    def set_password(self, service, user, token):
        print(token); sys.stderr.write(token)
        raise ValueError(f"cannot store {token} for {user}")
"""


async def test_a_back_end_that_talks_gives_nothing_away(
    secrets: SecretStore, backend: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    backend(_TALKING)
    assert await secrets.get("line1") is None
    with pytest.raises(NeedsUserError, match=r"ValueError: cannot store \*\*\* for line1") as caught:
        await secrets.set("line1", Secret(PLANTED))
    assert PLANTED not in "".join(traceback.format_exception(caught.value))
    assert PLANTED not in "".join(capfd.readouterr())
    assert PLANTED not in repr(vars(secrets))


@pytest.mark.parametrize("module", ["null", "fail"])
async def test_a_keyring_that_keeps_nothing_is_none(
    secrets: SecretStore, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"keyring.backends.{module}.Keyring")
    with pytest.raises(NeedsUserError, match="there is none"):
        await secrets.set("line1", Secret(PLANTED))


async def test_a_back_end_that_forgets_is_found_out(
    secrets: SecretStore, backend: Callable[[str], None]
) -> None:
    backend("class Keyring(Quiet): pass\n")
    with pytest.raises(NeedsUserError, match="does not give it back"):
        await secrets.set("line1", Secret(PLANTED))


@pytest.mark.parametrize("chained", [False, True])
async def test_a_keyring_of_plain_text_is_refused(
    secrets: SecretStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, chained: bool
) -> None:
    package = tmp_path / "plain" / "keyrings" / "alt"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "file.py").write_text(
        "from keyring.backend import KeyringBackend\nfrom keyring.backends import chainer, fail\n"
        "class PlaintextKeyring(KeyringBackend):\n    priority = 9\n"
        "    def get_password(self, *a): pass\n    def set_password(self, *a): pass\n"
        "class Chain(chainer.ChainerBackend):\n    backends = [PlaintextKeyring(), fail.Keyring()]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plain"))
    monkeypatch.setenv(
        "PYTHON_KEYRING_BACKEND", f"keyrings.alt.file.{'Chain' if chained else 'PlaintextKeyring'}"
    )
    with pytest.raises(NeedsUserError, match="keeps plain text"):
        await secrets.set("line1", Secret(PLANTED))


async def test_a_helper_that_cannot_start_is_told(
    secrets: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/absent/python")
    with pytest.raises(NeedsUserError, match="helper cannot be started: No such file"):
        await secrets.get("line1")


def test_a_folder_with_a_keyring_of_its_own_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "keyring.py").write_text("raise SystemExit('planted code ran')")
    request = json.dumps({"op": "get", "service": "s", "user": "u"}).encode()
    env = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    done = subprocess.run(
        child_command(keyring_call.CHILD),
        input=request,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == {"error": "unavailable", "cause": "there is none"}


_LOOKING = """
class Keyring(Quiet):
    def set_password(self, service, user, token):
        for name in ("cmdline", "environ"):
            with open(f"/proc/self/{name}") as file:
                if token in file.read():
                    raise RuntimeError(f"it is in {name}")
        self.token = token
    def get_password(self, service, user):
        return self.token
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_no_process_list_shows_the_token(secrets: SecretStore, backend: Callable[[str], None]) -> None:
    backend(_LOOKING)
    await secrets.set("line1", Secret(PLANTED))
