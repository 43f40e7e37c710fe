"""What the demo proves: what went in, against what the spool delivered and what the server holds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from stationmaster.cli.sample import FORMATS

LEAST_FILES = 20
"""Fewer prove nothing."""


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """A report that the spool counts as delivered.

    Attributes:
        file: name of the file it was made of.
        kind: the converter that made it.
        equal: the server gave it back as it was sent.
    """

    file: str
    kind: str
    report_id: str
    equal: bool


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The two sides of the account.

    Attributes:
        files: format and name of each file that was dropped.
        delivered: by the spool's word.
        undelivered: file name and reason of each report or file that the spool did not deliver.
        held: the report ids that the server tells, all of them.
    """

    files: tuple[tuple[str, str], ...]
    delivered: tuple[Delivered, ...]
    undelivered: tuple[tuple[str, str], ...] = ()
    held: tuple[str, ...]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Format, files, reports delivered, reports that read back equal; the last row sums up."""
        files = Counter(kind for kind, _ in self.files)
        reports = Counter(one.kind for one in self.delivered)
        equal = Counter(one.kind for one in self.delivered if one.equal)
        rows = [(kind, str(files[kind]), str(reports[kind]), str(equal[kind])) for kind in FORMATS]
        return [*rows, ("all", str(files.total()), str(reports.total()), str(equal.total()))]

    def faults(self) -> list[str]:
        """A sentence for everything that is not as it should be; none means that the demo went well."""
        return [*self._lost(), *self._doubled(), *self._too_little()]

    def _lost(self) -> Iterator[str]:
        """What went in and did not come out as it was."""
        for name, reason in self.undelivered:
            yield f"{name}: not delivered: {reason}"
        told = {one.file for one in self.delivered} | {name for name, _ in self.undelivered}
        for _, name in self.files:
            if name not in told:
                yield f"{name}: no report of it was delivered"
        held = set(self.held)
        for one in self.delivered:
            if one.report_id not in held:
                yield f"{one.file}: the server does not have its report {one.report_id}"
            elif not one.equal:
                yield f"{one.file}: the server's report {one.report_id} is not as it was sent"

    def _doubled(self) -> Iterator[str]:
        """What came out and did not go in, or more than once."""
        sent = {one.report_id for one in self.delivered}
        for report_id, count in sorted(Counter(self.held).items()):
            if report_id not in sent:
                yield f"the server has a report {report_id} that was not sent"
            elif count > 1:
                yield f"the server has the report {report_id} {count} times"

    def _too_little(self) -> Iterator[str]:
        """What would make the proof worth little."""
        if len(self.files) < LEAST_FILES:
            yield f"{len(self.files)} files prove little, there should be {LEAST_FILES} or more"
        for kind in FORMATS:
            if all(one.kind != kind for one in self.delivered):
                yield f"no {kind} report was delivered"
