"""Real files through the pool, detected among all built-in converters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.converting import Bench, payloads
from stationmaster.convert.job import Conversion
from stationmaster.convert.plugin import BUILT_INS


@pytest.mark.parametrize("converter", list(BUILT_INS))
async def test_real_files_are_detected_and_converted(
    corpus: Path, tmp_path: Path, clock: FakeClock, converter: str
) -> None:
    bench = Bench(tmp_path, clock)
    defaults = {"part_number": "P-1", "process_code": 10, "serial_number_pattern": "(?P<sn>.+)"}
    suffixes = {".json", ".xml", ".txt"}
    files = [path for path in sorted((corpus / converter).rglob("*")) if path.suffix.lower() in suffixes]
    files = [path for path in files if path.stat().st_size < 500_000][:12]
    assert files
    converted = 0
    async with bench.pool() as pool:
        for path in files:
            job = bench.job(path, *BUILT_INS, options=dict.fromkeys(BUILT_INS, defaults))
            outcome = await pool.convert(job)
            if not isinstance(outcome, Conversion):
                continue
            assert outcome.converter == converter, path
            for payload, meta in zip(payloads(outcome), outcome.reports, strict=True):
                assert json.loads(payload)["id"] == meta.report_id
            outcome.discard()
            converted += 1
        assert pool.workers == 1
    assert converted >= 1
    assert bench.left_over() == []
