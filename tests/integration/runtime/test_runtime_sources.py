"""Files: those that failed are tried again on order, those that are taken are released, come what may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.hosted import Hosted, ids
from fakes.oracle import Oracle
from fakes.rights import rights_count
from fakes.waiting import answer
from stationmaster.model import Entry, EntryState, Lifecycle, ProblemCode

pytestmark = pytest.mark.usefixtures("no_lingering_tasks")
BATCH_SIZE = 12


async def test_a_failed_file_that_was_mended_is_converted_on_order(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        place = Path(entry.place)
        assert place.parent == hosted.home.errors("line1")
        assert hosted.problem(ProblemCode.ENTRIES_IN_ERROR)
        _mend(place, hosted.wsjf(sn="SN-7"))
        assert await hosted.agent.retry("line1", [entry.id]) == 1
        await hosted.until(lambda: len(ids(oracle)) == 1)
        await hosted.until(lambda: not hosted.problem(ProblemCode.ENTRIES_IN_ERROR))
        assert (await hosted.agent.find("SN-7"))[0].report_id == ids(oracle)[0]
        assert hosted.instance("line1").counts.error == 0


async def test_a_failed_file_that_is_still_wrong_fails_again_as_the_same_entry(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        again = await _retried(hosted, entry)
        assert (again.id, again.reason) == (entry.id, entry.reason)
        left = [Path(again.place).parent / name for name in ("bad.json", "bad.json.reason.txt")]
        await hosted.until(lambda: _files(left[0].parent) == left, what="the release")
        assert hosted.instance("line1").counts.error == 1


async def test_a_kept_file_that_is_as_it_was_is_tried_again_where_it_lies(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, after="keep")]})
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        again = await _retried(hosted, entry)
        assert (again.state, again.reason, again.attempts) == (EntryState.ERROR, entry.reason, 2)


async def test_a_kept_file_that_was_overwritten_closes_no_error_of_the_one_before(
    hosted: Hosted, oracle: Oracle
) -> None:
    """Nobody knows whether it is the same unit, mended, or the next one: that would be lost unseen."""
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, after="keep")]})
    async with hosted:
        bad = hosted.spoil(folder)
        await _error(hosted)
        await hosted.until(lambda: len(_files(hosted.home.errors("line1"))) == 2)
        assert bad.exists()
        bad.write_bytes(hosted.wsjf())
        await hosted.until(lambda: len(ids(oracle)) == 1)
        (entry,) = await hosted.entries("line1", EntryState.ERROR)
        again = await _retried(hosted, entry)
        assert again.state is EntryState.ERROR
        assert str(hosted.home.errors("line1")) in again.reason
        assert again.reason.endswith(entry.reason)
        assert len(ids(oracle)) == 1
        # an order is carried out once
        await hosted.clock.advance(60.0)
        assert (await hosted.agent.entry("line1", entry.id)).attempts == again.attempts


@pytest.mark.parametrize("max_concurrent", [1, 2])
async def test_a_retry_needs_no_new_file_however_few_conversions_run_at_once(
    hosted: Hosted, oracle: Oracle, max_concurrent: int
) -> None:
    folder = await hosted.line("line1", oracle, patch={"convert.max_concurrent": max_concurrent})
    async with hosted:
        names = [f"bad{number}.json" for number in range(5)]
        for name in names:
            hosted.spoil(folder, name)
        await hosted.until(lambda: hosted.instance("line1").counts.error == 5)
        await hosted.until(lambda: not _files(folder))
        for entry in await hosted.entries("line1", EntryState.ERROR):
            _mend(Path(entry.place), hosted.wsjf())
        assert await hosted.agent.retry("line1", None) == 5
        await hosted.until(lambda: len(ids(oracle)) == 5, what="the conversion of the mended files")


async def test_a_failed_file_that_is_gone_says_so(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        _mend(Path(entry.place), None)
        reason = (await _retried(hosted, entry)).reason
        assert reason == f"The file {entry.place} is not there any more.\n{entry.reason}"


async def test_a_failed_file_of_a_folder_that_is_not_watched_any_more_says_so(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        await hosted.agent.configure("line1", {"watch.0.path": str(hosted.folder("other"))})
        await hosted.running("line1")
        reason = (await _retried(hosted, entry)).reason
        told = f"{folder} is not watched any more; nothing says how to read {entry.place}."
        assert reason == f"{told}\n{entry.reason}"


@pytest.fixture
def rights() -> Iterator[None]:
    """Rights count, for root too."""
    with rights_count():
        yield


@pytest.mark.usefixtures("rights")
async def test_a_failed_file_in_a_folder_that_cannot_be_entered_says_so(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle)
    async with hosted:
        hosted.spoil(folder)
        entry = await _error(hosted)
        errors = hosted.home.errors("line1")
        errors.chmod(0)
        try:
            reason = (await _retried(hosted, entry)).reason
        finally:
            errors.chmod(0o700)
        assert reason == f"The file {entry.place} cannot be read: Permission denied.\n{entry.reason}"


async def test_a_file_that_never_ends_goes_to_the_error_list(hosted: Hosted, oracle: Oracle) -> None:
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, incomplete_after=120.0)]})
    async with hosted:
        began = hosted.clock.monotonic()
        (folder / "half.json").write_bytes(hosted.wsjf()[:100])
        await hosted.until(lambda: hosted.problem(ProblemCode.SOURCE_INCOMPLETE))
        assert hosted.instance("line1").counts.error == 0
        entry = await _error(hosted)
        assert hosted.clock.monotonic() - began >= 120.0
        assert "waiting for its end too long" in entry.reason
        await hosted.until(lambda: not hosted.problem(ProblemCode.SOURCE_INCOMPLETE))


@pytest.mark.parametrize("accept", [False, True])
async def test_a_unit_that_never_ends_is_refused_or_taken_as_its_option_says(
    hosted: Hosted, oracle: Oracle, *, accept: bool
) -> None:
    folder, name = hosted.folder("line1"), "teradyne-gr228x"
    options = {name: {"process_code": 10, "accept_incomplete": accept}}
    watch = hosted.watch(folder, name, incomplete_after=120.0, options=options)
    await hosted.line("line1", oracle, patch={"watch": [watch]})
    async with hosted:
        (folder / "half.LOG").write_bytes(
            b"C:\\P\\BRD.obc[02-MAR-26  07:00:00\n@02-MAR-26  08:15:30 SN S-1\n"
        )
        await hosted.until(lambda: hosted.problem(ProblemCode.SOURCE_INCOMPLETE))
        assert ids(oracle) == []
        if accept:
            await hosted.until(lambda: hosted.completed("line1") == 1)
            assert [entry.result for entry in await hosted.agent.find("S-1")] == ["T"]
        else:
            assert "the file ends inside the unit that begins at line 2" in (await _error(hosted)).reason


async def test_a_file_waits_for_a_converter_that_is_not_there_yet(hosted: Hosted, oracle: Oracle) -> None:
    folder = hosted.folder("line1")
    await hosted.line("line1", oracle, patch={"watch": [hosted.watch(folder, "own")]})
    async with hosted:
        name = hosted.drop(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.CONVERTER_MISSING))
        assert hosted.instance("line1").counts.error == 0
        (hosted.home.converters("line1") / "own.py").write_text(
            "from stationmaster.converters.wsjf import WsjfConverter\n\n\n"
            "class Own(WsjfConverter):\n    name = 'own'\n\n\nconverter = Own()\n"
        )
        await hosted.until(lambda: ids(oracle) == [name], what="the conversion")
        assert not hosted.problem(ProblemCode.CONVERTER_MISSING)


# -------------------------------------------------------------------- release


async def test_a_file_that_cannot_be_released_is_delivered_told_and_released_later(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder, target = hosted.folder("line1"), hosted.root / "target"
    target.write_text("a file where a folder should be")
    await hosted.line(
        "line1", oracle, patch={"watch": [hosted.watch(folder, after="move", move_to=str(target))]}
    )
    async with hosted:
        name = hosted.drop(folder, name="a.json")
        await hosted.until(lambda: ids(oracle) == [name])
        await hosted.until(lambda: hosted.problem(ProblemCode.RELEASE_FAILED))
        assert _files(folder) == [folder / "a.json"], "under its own name while it cannot go"
        await hosted.restart()  # the next agent knows what is left to do
        await hosted.until(lambda: hosted.problem(ProblemCode.RELEASE_FAILED))
        target.unlink()
        await hosted.until((target / "a.json").exists, what="the release")
        await hosted.until(lambda: not hosted.problem(ProblemCode.RELEASE_FAILED))
    assert _files(folder) == []
    assert ids(oracle) == [name]


async def test_a_failed_file_is_released_later_too(hosted: Hosted, oracle: Oracle) -> None:
    folder = await hosted.line("line1", oracle)
    errors = hosted.home.errors("line1")
    async with hosted:
        await hosted.running("line1")
        errors.rmdir()
        errors.write_text("a file where a folder should be")
        bad = hosted.spoil(folder)
        await hosted.until(lambda: hosted.problem(ProblemCode.RELEASE_FAILED))
        assert len(_files(folder)) == 1
        errors.unlink()
        reason = errors / f"{bad.name}.reason.txt"  # written last
        await hosted.until(reason.exists, what="the release")
        (entry,) = await hosted.entries("line1", EntryState.ERROR)
        assert reason.read_text() == f"{entry.reason}\n"
        assert _files(errors) == [errors / bad.name, reason]


async def test_files_under_way_at_a_stop_are_finished_or_left_where_they_are(
    hosted: Hosted, oracle: Oracle
) -> None:
    folder = await hosted.line("line1", oracle, patch={"convert.max_concurrent": 1})
    async with hosted:
        await hosted.running("line1")
        names = {hosted.drop(folder) for _ in range(BATCH_SIZE)}
        await hosted.until(lambda: hosted.instance("line1").converting)
        await hosted.stop()
        left = len(_files(folder))
        assert left, "too late to see anything"
        await hosted.start()
        await hosted.until(lambda: set(ids(oracle)) == names)
        await hosted.until(lambda: hosted.completed("line1") == BATCH_SIZE)
        assert hosted.lifecycle("line1") is Lifecycle.RUNNING
    assert _files(folder) == []
    assert len(ids(oracle)) == BATCH_SIZE


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _mend(place: Path, content: bytes | None) -> None:
    """What a person does to a file of the error folder; None: remove it."""
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)


async def _error(hosted: Hosted) -> Entry:
    """The one entry of the error list, once it is there and its release is through."""
    await hosted.until(lambda: hosted.agent.supervisors and hosted.instance("line1").counts.error == 1)
    spool = hosted.supervisor("line1").instance.spool
    assert spool is not None

    async def released() -> bool:
        return not await spool.unreleased()

    await answer(released, what="the release", meanwhile=lambda: hosted.clock.advance(0.1))
    (entry,) = await hosted.entries("line1", EntryState.ERROR)
    return entry


async def _retried(hosted: Hosted, entry: Entry) -> Entry:
    """Try an entry of the error list again; the entry once that failed again."""
    assert await hosted.agent.retry("line1", [entry.id]) == 1
    spool = hosted.supervisor("line1").instance.spool
    assert spool is not None
    for _ in range(1000):
        if not await spool.retry_sources():
            return await hosted.agent.entry("line1", entry.id)
        await hosted.clock.advance(0.1)
    raise AssertionError(await spool.retry_sources())
