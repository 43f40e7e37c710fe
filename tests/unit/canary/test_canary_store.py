"""The file of a canary, and its code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stationmaster.canary import Canary
from stationmaster.config.store import ConfigStore
from stationmaster.home.paths import Home
from stationmaster.runtime.canary_store import CanaryStore

ONE = Canary(id="1", started_at=datetime.now(UTC), converter="rig", version="2", beside="rig", files=1)


@pytest.fixture
def settings(tmp_path: Path) -> ConfigStore:
    return ConfigStore(Home.find(env={"STATIONMASTER_HOME": str(tmp_path)}))


@pytest.fixture
def store(settings: ConfigStore) -> CanaryStore:
    settings.add("line1", "http://127.0.0.1:9")
    return CanaryStore(settings.home, "line1")


def test_many_that_write_at_once_wait_for_each_other(store: CanaryStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(store.write, ONE) for _ in range(400)]:
            done.result()
            assert store.read() == ONE


def test_an_instance_that_is_made_anew_has_no_canary(store: CanaryStore, settings: ConfigStore) -> None:
    store.write(ONE)
    settings.remove("line1")
    assert store.read() is None
    store.write(ONE)  # by a task that was still going
    assert store.read() is None
    settings.add("line1", "http://127.0.0.1:10")
    store.write(ONE)
    settings.home.instance_file("line1").unlink()
    settings.add("line1", "http://127.0.0.1:11")
    assert store.open() is None
