"""A damaged mapping is refused in words; the proposal for a damaged sample is a mapping, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.mutator import spoil
from fuzz.conversion import Bench, bounded, fuzz
from fuzz.row import CONVERTERS, MAPPINGS, Row
from stationmaster.api import ConversionError
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.propose import propose

TEXTS = tuple(row for row in CONVERTERS if row.name not in {"stdf", "tdms"})


@pytest.mark.filterwarnings("ignore::FutureWarning")  # a pattern with [[ in it
@pytest.mark.parametrize("row", MAPPINGS, ids=lambda row: row.name)
@fuzz
@given(dice=st.randoms(use_true_random=False))
def test_a_damaged_mapping_is_read_or_refused(row: Row, tmp_path: Path, dice: Random) -> None:
    text = spoil(row.mapping.encode(), dice).decode("utf-8", "replace")
    refusal = _refusal(lambda: read_mapping(text, f"{row.name}.toml"))
    if refusal is not None:
        assert row.name in refusal.place
        assert len(refusal.text.removeprefix(refusal.place).split()) > 1
        return
    changed = Row(name=row.name, mapping=text, made=row.made)
    [(name, data)] = row.made.items()
    Bench.of(changed, tmp_path).convert(name, data)


@fuzz
@given(dice=st.randoms(use_true_random=False))
def test_a_proposal_for_a_damaged_sample_can_be_read(tmp_path: Path, dice: Random) -> None:
    row = dice.choice((*TEXTS, *MAPPINGS))
    name, data = dice.choice(list(row.samples.items()))
    data = spoil(data, dice) if dice.randrange(8) else data
    refusal = _refusal(lambda: propose(data, name))
    if refusal is not None:
        assert len(refusal.text.split()) > 1
        return
    proposed = propose(data, name).toml
    assert read_mapping(proposed, name).step
    Bench.of(Row(name="proposed", mapping=proposed, made={name: data}), tmp_path).convert(name, data)


def _refusal(attempt: Callable[[], object]) -> ConversionError | None:
    """With what it was refused, None where it was not."""
    try:
        with bounded():
            attempt()
    except ConversionError as error:
        return error
    return None
