"""What every test gets: the corpus, and a check that nothing is left behind."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from fakes.clock import FakeClock
from stationmaster.file_name import shown

# The same examples in each run, so that a red run can be run again. `make fuzz` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """With STATIONMASTER_TEST_ALL set, nothing that whole areas are skipped without may be missing."""
    del config
    if not os.environ.get("STATIONMASTER_TEST_ALL"):
        return
    programs = ("strace", "dbus-run-session", "gnome-keyring-daemon", "systemd-analyze", "useradd")
    missing = [name for name in programs if not shutil.which(name)]
    for name, found in (("STATIONMASTER_CORPUS", Path.is_dir), ("STATIONMASTER_PYWATS_PYTHON", Path.is_file)):
        if not os.environ.get(name) or not found(Path(os.environ[name])):
            missing.append(name)
    if missing:
        raise pytest.UsageError(f"STATIONMASTER_TEST_ALL is set, but not here: {', '.join(missing)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test with a loop may leave a task behind."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
            # Before whatever opens something, so that it looks when that is closed; but within the look for
            # threads, as the loop has one of its own.
            outer = item.fixturenames.index("no_lingering_threads") + 1
            item.fixturenames.insert(outer, "no_lingering_tasks")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed may hold file names that are no text; between processes only text travels."""
    del item
    report = yield
    report.sections = [(name, shown(text)) for name, text in report.sections]
    return report


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real input files; tests that need it skip where it is not."""
    folder = os.environ.get("STATIONMASTER_CORPUS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("STATIONMASTER_CORPUS names no folder: the real input files are not here")
    return Path(folder)


@pytest.fixture(scope="session")
def peer() -> str:
    """The Python that has the published third-party client; tests that need it skip where it is not."""
    python = os.environ.get("STATIONMASTER_PYWATS_PYTHON") or sys.executable
    probe = "import pywats.domains.report.report_models"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, timeout=120, check=False)
    except OSError as error:
        pytest.skip(f"STATIONMASTER_PYWATS_PYTHON does not start: {error}")
    if done.returncode:
        pytest.skip(
            f"pywats-api is not importable by {python}: run `make peer`, see STATIONMASTER_PYWATS_PYTHON"
        )
    return python


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than `tmp_path`."""
    memory = Path("/dev/shm")  # noqa: S108 - a file system of its own is what is wanted
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    with tempfile.TemporaryDirectory(dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def clock() -> FakeClock:
    """A clock the test moves."""
    return FakeClock()


@pytest.fixture(autouse=True)
def no_lingering_threads() -> Iterator[None]:
    """A test must not leave a thread behind."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
    for thread in left:
        thread.join(timeout=5)
    left = [t for t in left if t.is_alive()]
    assert not left, f"threads left behind: {left}"


@pytest.fixture
async def no_lingering_tasks() -> AsyncIterator[None]:
    """No task outlives the test. All tests with a loop use it."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:  # a server that refused a body may still read on for ten seconds
        _, left = await asyncio.wait(left, timeout=20)
    assert not left, f"tasks left behind: {left}"
