"""What commands answer that a window runs: `converter map`, `test`, `replay --lines`, `archive list`."""

from __future__ import annotations

import msgspec

from stationmaster.control.trial_protocol import Trial


# -------------------------------------------------------------------- a mapping for a sample
class MappingFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text is no mapping.

    Attributes:
        line, column: where in it, from 1; 0 where that is not known.
    """

    text: str
    line: int = 0
    column: int = 0
    next_step: str = ""


class MappedSample(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping for a sample, and what the sample becomes by it.

    Attributes:
        name: of the converter.
        toml: the mapping.
        fault: what is wrong with it, None for nothing.
        given: options that were assumed for what the file does not say, with their values.
        trial: what became of the sample, None where the mapping is wrong.
    """

    name: str
    toml: str
    fault: MappingFault | None = None
    given: dict[str, str | int] = {}
    trial: Trial | None = None

    @property
    def ok(self) -> bool:
        """The sample would be taken."""
        return self.trial is not None and self.trial.ok


# -------------------------------------------------------------------- the tests that a mapping carries
class MappingTest(msgspec.Struct, frozen=True, kw_only=True):
    """How one test ended.

    Attributes:
        sample: the file that was converted.
        wrong: what did not come out as it should, a sentence each.
    """

    sample: str
    wrong: tuple[str, ...] = ()


class MappingTests(msgspec.Struct, frozen=True, kw_only=True):
    """How the tests of a mapping ended; there is one at least.

    Attributes:
        mapping: name of its file.
    """

    mapping: str
    tests: tuple[MappingTest, ...]

    @property
    def failed(self) -> int:
        """How many did not pass."""
        return sum(bool(one.wrong) for one in self.tests)

    @property
    def ok(self) -> bool:
        """All of them passed."""
        return not self.failed

    def lines(self) -> list[str]:
        """Each test in words; what is wrong is indented."""
        told: list[str] = []
        for one in self.tests:
            told.append(f"{'✗' if one.wrong else '✓'} {one.sample}")
            told += [f"    {text}" for text in one.wrong]
        return told


# -------------------------------------------------------------------- replay
class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what is compared.

    Attributes:
        present, present_version: the converter that is used now.
        converter, version: the other one.
        files: how many are converted twice.
    """

    present: str
    present_version: str
    converter: str
    version: str
    files: int


class ValueChange(msgspec.Struct, frozen=True):
    """One value that is not the same.

    Attributes:
        path: where it stands: names of steps, then the keys: `Power / Rail 5V: numericMeas[0].value`.
        old: what the present converter makes.
        new: what the other one makes.
    """

    path: str
    old: str
    new: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file.

    Attributes:
        name: of the file.
        old: why the present converter makes nothing of it, "" where it does.
        new: the same of the other one.
        differences: of the reports, where both made some.
        count: how many differences there are; at most 1000 are counted, and their number.
    """

    name: str
    old: str = ""
    new: str = ""
    differences: tuple[ValueChange, ...] = ()
    count: int = 0

    @property
    def alike(self) -> bool:
        """Both make the same of it, or nothing."""
        return not self.count and self.old == self.new


# -------------------------------------------------------------------- the archive
class ArchivedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of an archive, as `archive list --json` lists it.

    Attributes:
        root: the archive's folder.
        pack: the zip, "" where the day is not packed.
        files: in the zip.
        loose: files that lie in the day's folder.
    """

    day: str
    root: str
    pack: str = ""
    files: int = 0
    loose: int = 0
