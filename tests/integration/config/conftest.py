"""A home in a folder of its own, and a real keyring."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes import keyring_session
from stationmaster.config.secrets import SecretStore
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home

URL = "https://company.wats.com"
_QUIET = """
from keyring.backend import KeyringBackend
class Quiet(KeyringBackend):
    priority = 9
    def get_password(self, service, user): return None
    def set_password(self, service, user, token): pass
    def delete_password(self, service, user): pass
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.find(env={"STATIONMASTER_HOME": str(tmp_path / "home")})


@pytest.fixture
def store(home: Home) -> ConfigStore:
    """A store with one instance, "line1"."""
    store = ConfigStore(home)
    store.add("line1", URL, [{"path": "/srv/results", "converters": ["wsjf"]}])
    return store


@pytest.fixture
def session_folder() -> Iterator[Path]:
    """A short folder for a keyring session; skips where the programs are not here."""
    reason = keyring_session.missing()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="sm-") as folder:
        yield Path(folder)


@pytest.fixture
def keyring_env(session_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """This process and its children reach a real, unlocked keyring."""
    with keyring_session.keyring_session(session_folder) as variables:
        for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
            monkeypatch.setenv(name, variables[name])
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        yield variables


@pytest.fixture
def secrets(home: Home, store: ConfigStore) -> SecretStore:
    return SecretStore(home, store.load)


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the child use a keyring back end with the given source."""

    def install(source: str) -> None:
        folder = tmp_path / "backend"
        folder.mkdir(exist_ok=True)
        (folder / "planted_backend.py").write_text(_QUIET + source)
        monkeypatch.setenv("PYTHONPATH", str(folder))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "planted_backend.Keyring")

    return install
