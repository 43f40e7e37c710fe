"""Log records of the in-circuit tester i3070 of Keysight (Agilent, HP 3070): one report a board.

A file holds one board, or the boards of a panel; several batches may follow each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Resume,
    Source,
)
from stationmaster.converters.i3070_records import Reader, Record, UnfinishedError
from stationmaster.converters.i3070_unit import CROSSED_OUT, I3070Options, build, is_learning, status_code

_BOM: Final = b"\xef\xbb\xbf"
_MAX_BYTES: Final = 128 * 1024 * 1024


class I3070Converter:
    """Reads log records of the i3070."""

    name: ClassVar[str] = "i3070"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = I3070Options

    def detect(self, glimpse: Glimpse) -> int:
        """95 if the file begins with a batch; 80 if with the test of a board."""
        head = glimpse.head.removeprefix(_BOM).lstrip()
        if head.startswith(b"{@BATCH|"):
            return 95
        return 80 if head.startswith(b"{@BTEST|") else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if all braces are closed; of a file of more than 64 KiB, as far as its end shows."""
        if glimpse.size > len(glimpse.head):
            return _seems_closed(glimpse)
        try:
            found = [record.kind for record in Reader(glimpse.head, _begin(glimpse.head)).records()]
        except UnfinishedError:
            return False
        except ConversionError:
            return True  # a broken file shall be refused with its reason
        return bool(found)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a board. `resume` is not used."""
        del resume
        own = I3070Options.of(options)
        if source.size > _MAX_BYTES:
            raise ConversionError(f"{source.name} is larger than the bound, {_MAX_BYTES} bytes")
        data = source.read_bytes()
        if b"\0" in data:
            raise ConversionError(
                f"{source.name} holds NUL bytes: it is not a text file",
                next_step="Check that the right converter watches this folder.",
            )
        reader = Reader(data, _begin(data))
        left_out: list[str] = []
        held: Report | None = None
        content, single = b"", True
        for batch, board in _boards(reader):
            reason = _left_out(board, own)
            if reason:
                left_out.append(f"{board.place}: {reason}")
                continue
            if held is not None:
                yield _attached(held, source, own, content)
            # Of a file of several boards each has its own part, which is a log by itself.
            content = _alone(data, batch, board) if own.attach_source else b""
            single = held is None
            held = build(batch, board, source, own)
            held.record = data[board.start : board.end]
        if held is None:
            why = "; ".join(left_out)[:500]
            raise ConversionError(f"{source.name} holds no tested board" + (f": {why}" if why else ""))
        # What concerns no single report is told with the last one.
        for text in (*left_out, *reader.warnings):
            held.warn(text)
        yield _attached(held, source, own, data if single else content)


def _attached(report: Report, source: Source, options: I3070Options, content: bytes) -> Report:
    if options.attach_source:
        report.attach(source.name, content, content_type="text/plain")
    return report


def _alone(data: bytes, batch: Record, board: Record) -> bytes:
    """The record of one board in the head of its batch."""
    own = data[board.start : board.end]
    if not batch.records:
        return own
    return data[batch.start : batch.records[0].start] + own + b"}\n"


def _seems_closed(glimpse: Glimpse) -> bool:
    """A block stands in a board, and that in a batch: behind the last blocks both must be closed."""
    *_, last = glimpse.tail.rpartition(b"}")
    if b"}" not in glimpse.tail or b"{" in last:
        return False
    at = glimpse.tail.find(b"{@BLOCK|")
    if at < 0:
        return True
    around = 2 if b"{@BATCH|" in glimpse.head[:1000] else 1
    rest = glimpse.tail[at:]
    return rest.count(b"}") - rest.count(b"{") >= around


def _begin(data: bytes) -> int:
    return len(_BOM) if data.startswith(_BOM) else 0


def _boards(reader: Reader) -> Iterator[tuple[Record, Record]]:
    """Each board with its batch; a board outside of a batch has one without fields."""
    for top in reader.records():
        if top.kind == "@BATCH":
            for record in top.records:
                if record.kind == "@BTEST":
                    yield top, record
        elif top.kind == "@BTEST":
            yield Record("@BATCH", top.start, top.line), top
        else:
            reader.warnings.append(f"{top.place}: a record outside of any batch was not read")


def _left_out(board: Record, options: I3070Options) -> str:
    if status_code(board) == CROSSED_OUT:
        return f"board {board.text(11) or board.text(0)} was crossed out, it has no report"
    if options.skip_learning and is_learning(board):
        return f"board {board.text(0)} was tested to learn from it, it has no report"
    return ""
