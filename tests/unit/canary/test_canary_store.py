"""The file of a canary, and its code."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stationmaster.canary import Canary
from stationmaster.home.paths import Home
from stationmaster.runtime.canary_store import CanaryStore


@pytest.fixture
def store(tmp_path: Path) -> CanaryStore:
    return CanaryStore(Home.find(env={"STATIONMASTER_HOME": str(tmp_path)}), "line1")


def test_many_that_write_at_once_wait_for_each_other(store: CanaryStore) -> None:
    one = Canary(id="1", started_at=datetime.now(UTC), converter="rig", version="2", beside="rig", files=1)
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(store.write, one) for _ in range(400)]:
            done.result()
            assert store.read() == one
