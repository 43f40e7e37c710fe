"""Fifty stations against one server with 429s and an outage: nobody starves, and the server stays busy."""

from __future__ import annotations

import pytest

from fakes.fleet import Fleet, Server
from stationmaster.deliver.limiter import PROBE_CAP, Limits

OUTAGE = (60.0, 90.0)


@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_fifty_stations_share_a_server(retry_after: float | None) -> None:
    server = Server(retry_after=retry_after, outages=(OUTAGE,))
    fleet = Fleet(server, Limits())
    fleet.run(150.0)
    assert fleet.goodput(0.0, 150.0) >= 0.95
    assert fleet.fairness() >= 0.95
    assert fleet.refused > 100, "a server that refuses nothing would show nothing"
    # No retry storm: each station probes some 6 times in the 30 s, and once more what was under way fails.
    assert fleet.probes <= 50 * (30.0 / (PROBE_CAP / 2) + 20)
    back = min(at for at in fleet.accepted if at >= OUTAGE[1])
    assert back - OUTAGE[1] <= 2.0
    assert fleet.goodput(OUTAGE[1], OUTAGE[1] + 10.0) >= 0.7


def test_a_cap_for_each_station_is_kept_and_used() -> None:
    fleet = Fleet(Server(slots=1000), Limits(requests_per_minute=120), stations=5)
    fleet.run(240.0)
    assert all(0.95 * 480 <= station.done <= 1.02 * 480 for station in fleet.stations)
    assert fleet.refused == 0
