"""Whatever comes of a damaged file: reports that a server takes, or a refusal in words. Nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.mutator import spoil
from fakes.optional import skip_without
from fuzz.conversion import Bench, fuzz
from fuzz.row import CONVERTERS, FOLDERS, MAPPINGS, Row
from stationmaster.api import Glimpse
from stationmaster.convert.built_in import BUILT_INS

ROWS = (*CONVERTERS, *FOLDERS, *MAPPINGS)
IDS = [f"{row.name}-{row.folder}" if row.folder else row.name for row in ROWS]
LOOKS, CUTS = 60, 12
"""So many beginnings of a whole sample are looked at, and so many are converted."""


@pytest.fixture(params=ROWS, ids=IDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """Each row."""
    row: Row = request.param
    skip_without(row.name)
    return Bench.of(row, tmp_path)


@pytest.fixture
def outcomes() -> Iterator[Counter[str]]:
    """How often which outcome came; a converter that refuses everything would show nothing."""
    counted: Counter[str] = Counter()
    yield counted
    assert counted["converted"] * 50 >= counted.total(), counted


def test_every_built_in_converter_is_fuzzed() -> None:
    assert [row.name for row in CONVERTERS] == list(BUILT_INS)
    assert all(row.samples for row in ROWS)


@fuzz
@given(dice=st.randoms(use_true_random=False))
def test_a_damaged_file_converts_or_is_refused(bench: Bench, outcomes: Counter[str], dice: Random) -> None:
    name, data = dice.choice(list(bench.row.samples.items()))
    options = {"attach_source": bool(dice.randrange(2)), **dice.choice(({}, *bench.row.variants))}
    outcomes[bench.convert(name, spoil(data, dice), options).outcome] += 1


def test_no_beginning_of_a_whole_file_passes_for_it(bench: Bench) -> None:
    for name in bench.row.whole:
        data = bench.row.samples[name].rstrip()
        assert bench.look(_glimpse(name, bench.row.samples[name])), name
        assert bench.convert(name, bench.row.samples[name]).outcome == "converted", name
        taken = [size for size in _sizes(len(data)) if bench.look(_glimpse(name, data[:size]))]
        assert not taken, f"{name} cut at {taken[:10]} is said to be complete"
        for size in () if bench.row.mapping else range(0, len(data), len(data) // CUTS + 1):
            assert bench.convert(name, data[:size]).outcome == "failed", f"{name} cut at {size}"


def _sizes(length: int) -> list[int]:
    """Some of all, and those near the end."""
    return sorted({*range(0, length, length // LOOKS + 1), *range(max(0, length - 20), length)})


def _glimpse(name: str, data: bytes) -> Glimpse:
    return Glimpse(name=name, size=len(data), head=data[:65536], tail=data[-4096:])
