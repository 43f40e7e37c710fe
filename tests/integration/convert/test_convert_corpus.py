"""Real files through the pool, detected among all built-in converters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.oracle import Oracle, oracles
from fakes.clock import FakeClock
from fakes.converting import Bench, payloads
from fakes.optional import skip_without
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.job import Conversion


@pytest.mark.parametrize("oracle", oracles(), ids=lambda oracle: oracle.folder)
async def test_real_files_are_detected_and_converted(
    corpus: Path, tmp_path: Path, clock: FakeClock, oracle: Oracle
) -> None:
    skip_without(oracle.converter)
    bench = Bench(tmp_path, clock)
    files = [file for file in oracle.file if file.reports][:6]
    async with bench.pool() as pool:
        for file in files:
            options = {oracle.converter: oracle.options_for(file)}
            job = bench.job(corpus / oracle.folder / file.path, *BUILT_INS, options=options)
            outcome = await pool.convert(job)
            assert isinstance(outcome, Conversion), (file.path, outcome)
            assert outcome.converter == oracle.converter
            assert len(outcome.reports) == file.reports
            for payload, meta in zip(payloads(outcome), outcome.reports, strict=True):
                assert json.loads(payload)["id"] == meta.report_id
            outcome.discard()
        assert pool.workers == 1
    assert bench.left_over() == []
