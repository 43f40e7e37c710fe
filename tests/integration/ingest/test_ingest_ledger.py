"""The watcher and the ledger: what was taken before a restart, and what left long ago."""

from __future__ import annotations

from pathlib import Path

from fakes.ingest import FakeLedger, Rig, folder_at, row_of, write


async def test_what_the_ledger_knows_is_not_offered_after_a_restart(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.xml") for number in range(5)]
    rows = [row_of(tmp_path, path) for path in paths[:3]]
    rows.append(row_of(tmp_path, paths[3], resume=b"mark"))
    write(paths[2], "overwritten while the agent was away")
    write(paths[3], "grown while the agent was away")

    async with Rig([folder_at(tmp_path)], FakeLedger(rows)) as rig:
        await rig.go(30, 1.0)
        claims = {claim.state.path.name: claim.resume for claim in rig.take()}

    assert claims == {"2.xml": None, "3.xml": b"mark", "4.xml": None}


async def test_a_ledger_that_cannot_be_read_now_is_read_later(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml")
    ledger = FakeLedger([row_of(tmp_path, path)])
    ledger.failures = 2
    async with Rig([folder_at(tmp_path)], ledger) as rig:
        await rig.go(4.0)
        assert rig.watcher.status()[0].last_scan_at is None
        await rig.go(10.0)

        assert rig.watcher.status()[0].last_scan_at is not None
        assert rig.take() == []


async def test_files_that_left_long_ago_are_forgotten_by_the_ledger_too(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.xml") for number in range(3)]
    async with Rig([folder_at(tmp_path)]) as rig:
        await rig.scan()
        rig.names()
        paths[0].unlink()
        await rig.go(3000, 10.0)
        assert rig.ledger.forgotten == []
        rig.ledger.failures = 1
        await rig.go(3600 * 2, 10.0)

        assert rig.ledger.forgotten == [paths[0]]
