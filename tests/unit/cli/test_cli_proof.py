"""What the demo calls a success, and each thing that is none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from stationmaster.cli.demo import within
from stationmaster.cli.proof import LEAST_FILES, Delivered, Proof
from stationmaster.cli.sample import FORMATS, samples
from stationmaster.errors import StationmasterError


def _proof(count: int = LEAST_FILES) -> Proof:
    """`count` files of all formats in turn, a report of each on the server."""
    files = tuple((FORMATS[n % len(FORMATS)], f"file{n}") for n in range(count))
    delivered = tuple(
        Delivered(file=name, kind=kind, report_id=f"id-{name}", equal=True) for kind, name in files
    )
    return Proof(files=files, delivered=delivered, held=tuple(one.report_id for one in delivered))


def test_everything_there_once_is_a_success() -> None:
    proof = _proof()
    assert proof.faults() == []
    assert proof.rows() == [*((kind, "5", "5", "5") for kind in FORMATS), ("all", "20", "20", "20")]


def test_a_file_that_was_not_delivered_is_a_fault() -> None:
    proof = _proof()
    one = proof.delivered[3]
    without = msgspec.structs.replace(
        proof,
        delivered=tuple(other for other in proof.delivered if other != one),
        held=tuple(other for other in proof.held if other != one.report_id),
    )
    assert without.faults() == [f"{one.file}: no report of it was delivered"]
    told = msgspec.structs.replace(without, undelivered=((one.file, "It is broken."),))
    assert told.faults() == [f"{one.file}: not delivered: It is broken."]


def test_a_report_that_the_server_lacks_is_a_fault() -> None:
    proof = _proof()
    proof = msgspec.structs.replace(proof, held=proof.held[1:])
    assert proof.faults() == ["file0: the server does not have its report id-file0"]


def test_a_report_that_reads_back_otherwise_is_a_fault() -> None:
    proof = _proof()
    first = msgspec.structs.replace(proof.delivered[0], equal=False)
    proof = msgspec.structs.replace(proof, delivered=(first, *proof.delivered[1:]))
    assert proof.faults() == ["file0: the server's report id-file0 is not as it was sent"]
    assert proof.rows()[0] == (FORMATS[0], "5", "5", "4")


def test_a_report_that_nobody_sent_is_a_fault() -> None:
    proof = _proof()
    proof = msgspec.structs.replace(proof, held=(*proof.held, "id-foreign"))
    assert proof.faults() == ["the server has a report id-foreign that was not sent"]


def test_a_report_that_the_server_has_twice_is_a_fault() -> None:
    proof = _proof()
    proof = msgspec.structs.replace(proof, held=(*proof.held, "id-file0"))
    assert proof.faults() == ["the server has the report id-file0 2 times"]


def test_a_format_without_a_report_is_a_fault() -> None:
    proof = _proof(LEAST_FILES + len(FORMATS))
    gone = FORMATS[-1]
    kept = tuple(one for one in proof.delivered if one.kind != gone)
    proof = Proof(
        files=tuple(one for one in proof.files if one[0] != gone) + (("wsjf", "file0"),) * LEAST_FILES,
        delivered=kept,
        held=tuple(one.report_id for one in kept),
    )
    assert proof.faults() == [f"no {gone} report was delivered"]


def test_few_files_are_a_fault() -> None:
    assert _proof(LEAST_FILES - 1).faults() == ["19 files prove little, there should be 20 or more"]


def test_the_samples_are_enough() -> None:
    files = [(kind, name) for kind, name, _ in samples()]
    assert len(set(files)) >= LEAST_FILES
    assert {kind for kind, _ in files} == set(FORMATS)


async def test_a_time_limit_says_what_did_not_happen_and_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_text("I cannot.\n")
    with pytest.raises(StationmasterError) as caught:
        async with within(0.01, "the agent did not start", log):
            await asyncio.Event().wait()
    assert caught.value.text == "The demo gave up: the agent did not start within 0.01 s. It said: I cannot."
    assert caught.value.next_step
