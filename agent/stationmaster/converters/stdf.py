"""STDF V4, what semiconductor testers write: binary records, any number of parts a file, a report for each.

The file is read twice: names of bins and tests stand behind the parts that need them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import ClassVar, Final

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Sequence, Source
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import from_epoch, local_time
from stationmaster.api.text import clip, one_line
from stationmaster.converters.stdf_lot import Lot, survey
from stationmaster.converters.stdf_part import Part, add_misc, fill
from stationmaster.converters.stdf_parts import Parts
from stationmaster.converters.stdf_steps import Steps
from stationmaster.converters.stdf_stream import MRR, PACKED, Records, byte_order, opened, unpacked

_MAX_TEXT: Final = 20_000
_MAX_UNPACKED: Final = 16 * 1024 * 1024
_MAX_ATTACHED: Final = 64 * 1024 * 1024


class StdfOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the STDF converter.

    Attributes:
        serial_numbers: how the serial number is made: the first of these texts all of whose names in braces
            the file has.
        batch: how the batch is made, likewise.
        job_name_as_part_number: take JOB_NAM where PART_TYP is empty.
        revision_fields: fields of MIR that may hold the revision; the first that is filled wins.
        process_fields: the same for the operation.
        times_are_utc: the tester keeps UTC in the file, not its local time.
        add_test_times: let each part begin where the one before it on its site ended, by the test times;
            else all parts of a lot or wafer begin when that did.
        scaled_display: show values as the tester shows them, 20.5 nF for 2.05e-08 F.
        accept_incomplete: take a file that has no end; parts that have none are terminated.
    """

    serial_numbers: tuple[str, ...] = ("{part_id}", "{file}")
    batch: tuple[str, ...] = ("{lot}/{sublot}/{wafer}", "{lot}/{sublot}", "{lot}/{wafer}", "{lot}", "{wafer}")
    job_name_as_part_number: bool = False
    revision_fields: tuple[str, ...] = ("DSGN_REV", "JOB_REV")
    process_fields: tuple[str, ...] = ("TEST_COD", "FLOW_ID")
    times_are_utc: bool = False
    add_test_times: bool = False
    scaled_display: bool = False
    accept_incomplete: bool = False


class StdfConverter:
    """Reads STDF V4 files, also in gzip and bzip2; a report for each part."""

    name: ClassVar[str] = "stdf"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = StdfOptions

    def detect(self, glimpse: Glimpse) -> int:
        """100 if the first record is FAR; 60 for bzip2 with our name and a block too long to look into."""
        head = glimpse.head
        if byte_order(unpacked(head, 64)):
            return 100
        named = re.search(r"\.stdf?\.bz2$", glimpse.name, re.IGNORECASE)
        return 60 if named and head.startswith(b"BZh") and glimpse.size > len(head) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last record is MRR; of a packed file of more than 64 KiB nothing can be seen."""
        whole = glimpse.size <= len(glimpse.head)
        packed = glimpse.head.startswith(PACKED)
        if not whole:
            return packed or _ends_with_mrr(glimpse.tail, byte_order(glimpse.head) or "<")
        if packed and len(unpacked(glimpse.head, _MAX_UNPACKED)) >= _MAX_UNPACKED:
            return True
        return _is_closed(unpacked(glimpse.head, _MAX_UNPACKED, whole=True))

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report for each part. Such files do not grow: `resume` is not used."""
        del resume
        own = StdfOptions.of(options)
        lot = _surveyed(source, own)
        last: Report | None = None
        with opened(source) as file:
            parts = Parts(Records(file, source.name))
            reports = _Reports(lot, source, own)
            for part in parts:
                report = reports.make(part, parts.head)
                if report is None:
                    continue
                if last is not None:
                    yield last
                last = report  # held back: the last one tells what belongs to none
        if last is None:
            raise ConversionError(
                f"{source.name} holds no part that has ended and is named", place="end of the file"
            )
        if parts.strays:
            last.warn(f"{parts.strays} results in the file belong to no part and were left out")
        for text in reports.left_out:
            last.warn(text)
        yield last


def _surveyed(source: Source, options: StdfOptions) -> Lot:
    """What the file says of all parts; a file that is not whole is refused here."""
    with opened(source) as file:
        records = Records(file, source.name)
        lot = survey(records)
    if (records.cut or not lot.ended) and not options.accept_incomplete:
        what = "inside of a record" if records.cut else "without its last record, MRR"
        raise ConversionError(
            f"the file ends {what}",
            place=f"byte {records.at}",
            next_step="Nothing of the file was taken. If the tester will never finish it, set the "
            "converter's option accept_incomplete.",
        )
    if not lot.begun or not lot.parts:
        raise ConversionError(
            f"{source.name} holds no {'part' if lot.begun else 'lot: it has no MIR record'}",
            place=f"byte {records.at}",
        )
    return lot


class _Reports:
    """Makes the reports of one file."""

    def __init__(self, lot: Lot, source: Source, options: StdfOptions) -> None:
        self._lot = lot
        self._source = source
        self._options = options
        self._steps = Steps(lot, scaled=options.scaled_display)
        self._named = _serial_number_in_name(source, options) if lot.parts == 1 else ""
        self._tested: dict[tuple[int, int, int], int] = {}
        self.left_out: list[str] = []

    def make(self, part: Part, head: bytes) -> Report | None:
        """The report of a part; None for one that never ended and that nothing names."""
        lot, options = self._lot, self._options
        values = part.values(lot, self._named, options)
        sn = fill(options.serial_numbers, values, "serial_numbers")
        place = f"part {part.number} of {lot.parts}, head {part.head}, site {part.site}"
        if not sn and lot.parts > 1:
            if part.end is None:
                self.left_out.append(f"{place}: it never ended and has no serial number: it was left out")
                return None
            raise ConversionError(
                "the part has no serial number",
                place=place,
                next_step='Set the converter\'s option serial_numbers, to ["{lot}-{wafer}-{x}-{y}"] or '
                '["{lot}-{index}"] for example.',
            )
        report = self._begin(part, sn, place)
        report.info(
            batchSN=one_line(fill(options.batch, values, "batch"), 100) or None,
            comment=clip(values["part_text"], 5000) or None,
            testSocketIndex=part.site,
            fixtureId=one_line(lot.station.get("LOAD_ID") or lot.station.get("DIB_ID", ""), 100) or None,
        )
        report.station(one_line(lot.text("NODE_NAM"), 100))
        add_misc(report, part, lot)
        if part.texts:
            report.root.details(text=clip("\n".join(part.texts), _MAX_TEXT))
        self._add_steps(report.root, part)
        report.record = b"".join((head, part.wafer.record, *part.records))
        if options.attach_source:
            self._attach(report, part)
        return report

    def _begin(self, part: Part, sn: str, place: str) -> Report:
        lot, options = self._lot, self._options
        job = lot.text("JOB_NAM")
        header = resolve(
            Found(
                sn=sn,
                pn=lot.text("PART_TYP") or (job if options.job_name_as_part_number else ""),
                rev=next((text for key in options.revision_fields if (text := lot.text(key))), ""),
                process=self._process(),
                program=job,
                place="MIR",
                sn_place=place,
            ),
            self._source,
            options,
        )
        millis = int((part.end or {}).get("TEST_T", 0))
        start, warning = self._start(part, millis)
        report = header.report(
            start=start,
            result=part.verdict(lot),
            user=lot.text("OPER_NAM"),
            execution_time=millis / 1000 if millis else None,
            sequence=job,
            sequence_version=lot.text("JOB_REV"),
        )
        if warning:
            report.warn(warning)
        if part.end is None:
            report.warn(f"{place}: it never ended")
        return report

    def _process(self) -> str:
        """The operation: a name that has a code, else the first. Numbers are the tester's, not our codes."""
        codes = {name.strip().casefold() for name in self._options.process_codes}
        texts = [text for key in self._options.process_fields if (text := self._lot.text(key))]
        mapped = [text for text in texts if text.casefold() in codes]
        return next(iter([*mapped, *(text for text in texts if not text.isdigit())]), "")

    def _start(self, part: Part, millis: int) -> tuple[datetime | None, str]:
        seconds = part.wafer.start or int(self._lot.info.get("START_T", 0))
        if not seconds:
            return None, ""
        site = (seconds, part.head, part.site)
        before = self._tested.get(site, 0)
        self._tested[site] = before + millis
        try:
            at = from_epoch(seconds)
        except ValueError as error:
            return None, f"the start of the test cannot be: {error}"
        if self._options.add_test_times:
            at += timedelta(milliseconds=before)
        if self._options.times_are_utc:
            return at.astimezone(UTC), ""
        # The clock on the wall, written as if it were UTC.
        moment = local_time(at.replace(tzinfo=None), self._source.station)
        return moment.at, moment.warning

    def _add_steps(self, root: Sequence, part: Part) -> None:
        stack = [root]
        add = self._steps.add
        for event in part.events:
            if event is None:
                if len(stack) > 1:
                    stack.pop()
            elif isinstance(event, str):
                stack.append(stack[-1].sequence(event))
            else:
                add(stack[-1], event)

    def _attach(self, report: Report, part: Part) -> None:
        """The file where it holds this part only, else an STDF of the part's own records."""
        name = self._source.name
        if self._lot.parts == 1 and self._source.size <= _MAX_ATTACHED:
            report.attach(name, self._source.read_bytes())
        else:
            stem = re.sub(r"(\.stdf?)?(\.gz|\.bz2)?$", "", name, flags=re.IGNORECASE)
            report.attach(f"{stem}-part-{part.number}.stdf", report.record or b"")


def _serial_number_in_name(source: Source, options: StdfOptions) -> str:
    """What the option serial_number_pattern finds in the names of file and folder."""
    if not options.serial_number_pattern:
        return ""
    try:
        for name in (source.name, source.folder):
            found = re.search(options.serial_number_pattern, name)
            if found:
                return (found.groupdict().get("sn") or "").strip()
    except re.error:
        return ""  # `resolve` says what is wrong with it
    return ""


def _is_closed(data: bytes) -> bool:
    """Whole records, one of them MRR."""
    order = byte_order(data)
    if not order:
        return False
    header = Struct(order + "HBB")
    position, ended = 0, False
    while position + 4 <= len(data):
        length, kind, sub = header.unpack_from(data, position)
        ended = ended or kind << 8 | sub == MRR
        position += 4 + length
    return ended and position == len(data)


def _ends_with_mrr(tail: bytes, order: str) -> bool:
    position = len(tail)
    while (position := tail.rfind(b"\x01\x14", 0, position)) >= 0:
        if position >= 2:
            [length] = Struct(order + "H").unpack_from(tail, position - 2)
            if position + 2 + length == len(tail):
                return True
    return False
