"""Pages of one instance or of several as one list: every entry once, whatever the limits and the clocks."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.listing import Listing, listing
from stationmaster.control.client import ControlClient
from stationmaster.errors import ControlError
from stationmaster.model import Entry, EntryState
from stationmaster_tray.entries.choice import Choice, Shown
from stationmaster_tray.entries.pager import Key, Pager, key_of

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ALL = Choice(shown=Shown.ALL)


def entry(instance: str, number: int, *, second: float = 0.0, state: EntryState = EntryState.ERROR) -> Entry:
    return Entry(
        id=number, instance=instance, report_id=f"r-{number}", state=state, serial_number=f"SN{number}",
        created_at=NOW + timedelta(seconds=second), updated_at=NOW,
    )  # fmt: skip


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Listing, ControlClient]]:
    async with listing(tmp_path) as found:
        yield found


async def whole(pager: Pager, limit: int) -> list[Entry]:
    """All pages, one after the other."""
    found: list[Entry] = []
    while pager.more:
        page = await pager.page(limit)
        assert len(page) <= limit
        assert len(page) == limit or not pager.more, "only the last page is short"
        found += page
    return found


def keys(entries: Sequence[Entry]) -> list[Key]:
    return [key_of(one) for one in entries]


def factory(seed: int, *, clocks: bool) -> dict[str, list[Entry]]:
    """Some instances with some entries; with `clocks` set their times jump."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    made: dict[str, list[Entry]] = {}
    for name in ("line1", "line2", "line3")[: chance.randint(1, 3)]:
        numbers = sorted(chance.sample(range(1, 60), chance.randint(0, 40)), reverse=True)
        seconds = [chance.uniform(0, 100) for _ in numbers]
        ordered = seconds if clocks else sorted(seconds, reverse=True)
        made[name] = [
            entry(name, number, second=second, state=chance.choice(list(EntryState)))
            for number, second in zip(numbers, ordered, strict=True)
        ]
    return made


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shown", [Shown.ALL, Shown.WAITING, Shown.ERRORS])
async def test_every_entry_comes_once_and_newest_first(
    served: tuple[Listing, ControlClient], seed: int, shown: Shown
) -> None:
    server, client = served
    server.entries = made = factory(seed, clocks=False)
    right = [
        one
        for entries in made.values()
        for one in entries
        if shown is Shown.ALL or one.state.value in shown.asked
    ]
    found = await whole(Pager(client, Choice(shown=shown), tuple(made)), 1 + seed)
    assert sorted(keys(found)) == sorted(keys(right))
    assert [one.created_at for one in found] == sorted((one.created_at for one in right), reverse=True)


@pytest.mark.parametrize("seed", range(6))
async def test_clocks_that_jump_lose_and_double_nothing(
    served: tuple[Listing, ControlClient], seed: int
) -> None:
    server, client = served
    server.entries = made = factory(seed, clocks=True)
    found = await whole(Pager(client, ALL, tuple(made)), 7)
    assert sorted(keys(found)) == sorted(keys([one for entries in made.values() for one in entries]))
    for name, entries in made.items():
        assert keys([one for one in found if one.instance == name]) == keys(entries)


@pytest.mark.parametrize("seed", range(6))
async def test_the_floors_tell_what_was_given(served: tuple[Listing, ControlClient], seed: int) -> None:
    server, client = served
    server.entries = made = factory(seed, clocks=False)
    pager = Pager(client, ALL, tuple(made))
    given = await pager.page(9)
    for name, entries in made.items():
        above = [one for one in entries if one.id > pager.floors[name]]
        assert keys(above) == keys([one for one in given if one.instance == name])


async def test_it_begins_below_what_is_known(served: tuple[Listing, ControlClient]) -> None:
    server, client = served
    server.entries = {"line1": [entry("line1", number) for number in range(20, 0, -1)]}
    pager = Pager(client, ALL, ("line1",), {"line1": 11})
    assert [one.id for one in await pager.page(4)] == [10, 9, 8, 7]
    assert pager.floors == {"line1": 6}
    assert [one.id for one in await pager.page(100)] == [6, 5, 4, 3, 2, 1]
    assert pager.floors == {"line1": 0}
    assert not pager.more
    assert await pager.page(5) == []


async def test_the_search_is_the_agents(served: tuple[Listing, ControlClient]) -> None:
    server, client = served
    server.entries = {"line1": [entry("line1", number) for number in range(20, 0, -1)]}
    found = await Pager(client, Choice(shown=Shown.ALL, text="SN1"), ("line1",)).page(100)
    assert [one.id for one in found] == [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]


async def test_a_page_asks_no_more_than_it_needs(served: tuple[Listing, ControlClient]) -> None:
    server, client = served
    server.entries = {"line1": [entry("line1", number) for number in range(500, 0, -1)]}
    pager = Pager(client, ALL, ("line1",))
    await pager.page(100)
    assert server.asked == 1
    assert await pager.page(100)
    assert server.asked == 2


async def test_what_one_station_does_not_tell_is_said_and_kept(served: tuple[Listing, ControlClient]) -> None:
    server, client = served
    server.entries = {"line1": [entry("line1", 3)]}
    pager = Pager(client, ALL, ("line1", "gone"))
    assert keys(await pager.page(10)) == [("line1", 3)]
    assert "gone" in str(pager.trouble)
    assert pager.floors["gone"] > 10**12, "what was known of it stays in the list"
    with pytest.raises(ControlError):
        await Pager(client, ALL, ("gone",)).page(10)


async def test_no_station_has_no_entries(served: tuple[Listing, ControlClient]) -> None:
    pager = Pager(served[1], ALL, ())
    assert not pager.more
    assert await pager.page(10) == []
