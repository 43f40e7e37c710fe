"""Viscom AOI: a panel of boards, and the windows in which the inspection found something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from lxml import etree

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source, xml
from stationmaster.converters.viscom_aoi_board import ViscomOptions, build

_NO_BAD_BOARD: Final = {"", "0"}


class ViscomAoiConverter:
    """Reads the result files of Viscom AOI, one report a board."""

    name: ClassVar[str] = "viscom-aoi"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ViscomOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 if the root is `ViscomData`."""
        tags = xml.first_tags(glimpse.head, 1)
        return 90 if tags and tags[0].name == "ViscomData" else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root is closed."""
        return xml.is_closed(glimpse, "ViscomData")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a board, without those that are marked as bad. `resume` is not used."""
        del resume
        own = ViscomOptions.of(options)
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings, fallback="cp1250")
        if xml.local_name(root) != "ViscomData":
            raise ConversionError(
                f"<{xml.local_name(root)[:60]}> is no result of Viscom AOI",
                place=xml.place(root),
                next_step="Check that the right converter watches this folder.",
            )
        panel = next(xml.children(root, "GlobalInformation"), root)
        boards, bad = _boards(root)
        if bad:
            warnings.append(f"boards that are marked as bad give no report: {', '.join(bad)[:200]}")
        windows = _windows(root, boards, set(bad))
        for number, board in boards.items():
            report = build(panel, board, windows[number], source, own)
            report.warnings.extend(warnings)
            # When it was inspected, the board and its windows: what this unit is told by.
            parts = [*xml.children(panel, "Inspection"), board, *windows[number]]
            report.record = b"".join(etree.tostring(part, with_tail=False) for part in parts)
            if own.attach_source:
                report.attach(source.name, source.read_bytes(), content_type="text/xml")
            yield report


def _boards(root: xml.Element) -> tuple[dict[str, xml.Element], list[str]]:
    """The boards by number, and the numbers of those that are not inspected."""
    boards: dict[str, xml.Element] = {}
    bad: list[str] = []
    for info in xml.children(root, "PCBInformation"):
        for at, board in enumerate(xml.children(info, "SinglePCB"), start=1):
            number = xml.child_text(board, "Number").strip() or str(board.get("no") or at).strip()
            if xml.child_text(board, "BadBoardStatus").strip() not in _NO_BAD_BOARD:
                bad.append(number)
            elif number in boards:
                raise ConversionError(f"board {number[:20]} is there twice", place=xml.place(board))
            else:
                boards[number] = board
    if not boards:
        raise ConversionError("the panel has no boards that were inspected", place=xml.place(root))
    return boards, bad


def _windows(
    root: xml.Element, boards: dict[str, xml.Element], bad: set[str]
) -> dict[str, list[xml.Element]]:
    """The windows of each board, which name it by number, else by barcode."""
    by_barcode = {xml.child_text(board, "Barcode").strip(): number for number, board in boards.items()}
    found: dict[str, list[xml.Element]] = {number: [] for number in boards}
    for info in xml.children(root, "ComponentInformation"):
        for window in xml.children(info, "Window"):
            number = xml.child_text(window, "PCBNumber").strip()
            barcode = xml.child_text(window, "Barcode").strip()
            if number not in found and number not in bad:
                number = by_barcode.get(barcode, "")
            if number in found:
                found[number].append(window)
            elif number not in bad:
                raise ConversionError("the window belongs to none of the boards", place=xml.place(window))
    return found
