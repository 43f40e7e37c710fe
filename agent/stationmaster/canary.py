"""A canary: another version of a converter that runs beside the live one, and what came of it so far.

Frozen values, shared by the agent, the CLI and the tray; kept in a file of the instance as they go over the
control channel.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MOST_FOUND = 20
"""So many of the last files that did not come out the same are kept ..."""
MOST_VALUES = 20
"""... with so many of the values of each that differ."""


class Verdict(StrEnum):
    """What became of one file at the canary."""

    SAME = "same"
    DIFFERENT = "different"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"


class Ended(StrEnum):
    """Why a canary ended."""

    DONE = "done"
    STOPPED = "stopped"
    PROMOTED = "promoted"


class CanaryValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value that differs.

    Attributes:
        path: names of steps, then the keys: `Power / Rail 5V: numericMeas[0].value`.
        old: what the live converter made.
        new: what the canary made.
    """

    path: str
    old: str
    new: str


class CanaryFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that did not come out the same, or was skipped.

    Attributes:
        verdict: `different`, `failed`, `refused` or `skipped`.
        text: why there is no report, or why it was skipped; "" where there is one.
        values: the first of those that differ.
        count: how many differ; at most 1000 are counted.
    """

    name: str
    at: datetime
    verdict: Verdict
    text: str = ""
    values: tuple[CanaryValue, ...] = ()
    count: int = 0

    def lines(self, most: int = MOST_VALUES) -> list[str]:
        """What became of it in words, with `most` of its values; those are indented."""
        if self.verdict is Verdict.SKIPPED:
            return [f"- {self.name}: skipped. {self.text}"]
        if self.verdict is not Verdict.DIFFERENT:
            return [f"✗ {self.name}: {self.verdict.value}. {self.text}"]
        told = [f"≠ {self.name}: {self.count} value{'' if self.count == 1 else 's'}"]
        told += [f"    {value.path}: {value.old} → {value.new}" for value in self.values[:most]]
        hidden = self.count - min(most, len(self.values))
        return told + ([f"    ... and {hidden} more."] if hidden > 0 else [])


class CanaryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A canary in the snapshot.

    Attributes:
        id: tells it from the one before.
        beside: the live converter that it runs beside.
        files: so many are to be compared.
        same, different, failed, refused: files that were compared, by what came of them.
        skipped: files that were left out, as the canary was behind or they could not be kept for it.
        ended: why it ended, None while it runs.
    """

    id: str
    converter: str
    version: str
    beside: str
    files: int
    same: int = 0
    different: int = 0
    failed: int = 0
    refused: int = 0
    skipped: int = 0
    ended: Ended | None = None

    @property
    def compared(self) -> int:
        """Files that were compared."""
        return self.same + self.different + self.failed + self.refused

    @property
    def doubts(self) -> str:
        """Why it should not go live, in a sentence; "" where nothing speaks against it."""
        if not self.compared:
            return "No file was compared yet."
        wrong = (Verdict.DIFFERENT, Verdict.FAILED, Verdict.REFUSED)
        told = [f"{count} {one.value}" for one in wrong if (count := getattr(self, one.value))]
        files = "1 file" if self.compared == 1 else f"{self.compared} files"
        return f"Of {files}: {', '.join(told)}." if told else ""


class Canary(CanaryStatus, frozen=True, kw_only=True):
    """All that is known of a canary.

    Attributes:
        code: what its code is, as `ConverterInfo.code`.
        file: name of its file in the canary's folder; "" for one that is installed.
        shared: modules that lie beside it, which it may import, and the beginning of each one's digest.
        sources: watch folders and names of scheduled sources whose files it sees; empty: all.
        beside_reader: which live converter it was compared with: name, version and code.
        seconds: that the canary took for what was compared.
        beside_seconds: that the live converter took for the same files.
        grows: one of the two takes files that grow.
        found: the last files that did not come out the same, the newest last.
        first_skipped: the first file that was skipped, with the reason.
        back: commands that put the former converter back, from the moment in which a promotion begins.
    """

    started_at: datetime
    ended_at: datetime | None = None
    code: str = ""
    file: str = ""
    shared: dict[str, str] = {}
    sources: tuple[str, ...] = ()
    beside_reader: str = ""
    seconds: float = 0.0
    beside_seconds: float = 0.0
    grows: bool = False
    found: tuple[CanaryFile, ...] = ()
    first_skipped: CanaryFile | None = None
    back: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """It still sees files."""
        return self.ended is None

    @property
    def told(self) -> tuple[CanaryFile, ...]:
        """What a person is shown of files: the first that was skipped, then those in `found`."""
        return self.found if self.first_skipped is None else (self.first_skipped, *self.found)

    def status(self) -> CanaryStatus:
        """The short form."""
        return CanaryStatus(**{name: getattr(self, name) for name in CanaryStatus.__struct_fields__})

    def counted(self, judged: Judged, name: str, now: datetime) -> Canary:
        """With one file more; after the last one it has ended."""
        verdict = judged.verdict
        more = msgspec.structs.replace(self, **{verdict.value: getattr(self, verdict.value) + 1})
        more = msgspec.structs.replace(more, grows=self.grows or judged.grows)
        file = CanaryFile(
            name=name,
            at=now,
            verdict=verdict,
            text=judged.text,
            values=judged.values[:MOST_VALUES],
            count=judged.count,
        )
        if verdict is Verdict.SKIPPED:
            return more if more.first_skipped else msgspec.structs.replace(more, first_skipped=file)
        if verdict is not Verdict.SAME:
            more = msgspec.structs.replace(more, found=(*self.found, file)[-MOST_FOUND:])
        more = msgspec.structs.replace(
            more,
            seconds=self.seconds + judged.seconds,
            beside_seconds=self.beside_seconds + judged.beside_seconds,
            beside_reader=judged.reader or self.beside_reader,
        )
        return more.over(Ended.DONE, now) if more.compared >= more.files else more

    def over(self, why: Ended, now: datetime) -> Canary:
        """Ended; one that has ended stays as it is."""
        return self if self.ended else msgspec.structs.replace(self, ended=why, ended_at=now)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file at the canary.

    Attributes:
        text: why there is no report of the canary, or why the file was skipped.
        values: that differ.
        count: how many differ.
        reader: which live converter took the file.
        seconds: that the canary took, and `beside_seconds` the live converter.
        grows: one of the two takes files that grow.
    """

    verdict: Verdict
    text: str = ""
    values: tuple[CanaryValue, ...] = ()
    count: int = 0
    reader: str = ""
    seconds: float = 0.0
    beside_seconds: float = 0.0
    grows: bool = False
