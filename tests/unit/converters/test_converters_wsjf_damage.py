"""100 seeded mutations of WSJF files: each converts, or is refused with a reason."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.report import completed, minimal_report, repair_report, rich_report
from stationmaster.api import ConversionError, Glimpse
from stationmaster.api.testing import convert_file
from stationmaster.api.wsjf import encode
from stationmaster.converters.wsjf import WsjfConverter

DATA = Path(__file__).parents[2] / "data" / "wsjf"


def _flip(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _delete(data: bytes, rng: random.Random) -> bytes:
    begin = rng.randrange(len(data))
    return data[:begin] + data[begin + rng.randint(1, 40) :]


OTHERS: list[Any] = [None, True, -1, 2**70, 1.5, float("nan"), "", "x" * 6000, "P", "2026-01-01", [], {}]
OTHERS += [[[]], [{}], [{"status": "P"}], {"idx": 0}, {"idx": None, "num": 1}]


def _swap(data: bytes, rng: random.Random) -> bytes:
    """Give one or more values another type, or take them away."""
    tree = json.loads(data)
    for _ in range(rng.randint(1, 3)):
        spots: list[tuple[Any, Any]] = list(_spots(tree))
        holder, key = rng.choice(spots)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = rng.choice(OTHERS)
    return json.dumps(tree).encode()


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _spots(value[key])


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [_flip, _cut, _delete, _swap]


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_file_converts_or_is_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded, so that a failure comes back
    makers = (minimal_report, rich_report, rich_report, repair_report)
    data = encode(completed(rng.choice(makers)()))
    if seed % 5 == 0:
        data = (DATA / rng.choice(("rich.json", "uur.json"))).read_bytes()
    broken = MUTATIONS[seed % len(MUTATIONS)](data, rng)
    path = tmp_path / "x.json"
    path.write_bytes(broken)
    look = Glimpse.at(path)
    assert WsjfConverter().detect(look) in (0, 60, 95)
    assert WsjfConverter().is_complete(look) in (True, False)
    try:
        reports = convert_file(WsjfConverter(), path, options={"attach_source": seed % 3 == 0})
    except ConversionError as error:
        assert error.text  # noqa: PT017 - either outcome is right, this one needs a reason
    else:
        assert all(json.loads(encode(report)) for report in reports)


def test_some_damage_is_survived_and_some_refused(tmp_path: Path) -> None:
    """The test above would pass if everything were refused."""
    data = encode(completed(rich_report()))
    outcomes = Counter[bool]()
    for seed in range(60):
        path = tmp_path / "x.json"
        path.write_bytes(_swap(data, random.Random(seed)))  # noqa: S311 - seeded
        try:
            convert_file(WsjfConverter(), path)
            outcomes[True] += 1
        except ConversionError:
            outcomes[False] += 1
    assert min(outcomes[True], outcomes[False]) > 5, outcomes
