"""ATDX files of Takaya flying probe testers: a block for each attempt of each group of a panel.

The blocks of a group repeat with the same date until its retest ends. The last one tells how the group is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from stationmaster.api import ConversionError, Report, Source, Status
from stationmaster.api.number import Decimal
from stationmaster.api.text import decode_text, one_line
from stationmaster.api.verdict import result_of
from stationmaster.converters.takaya_step import Row, Rule, add_step, amount, percent
from stationmaster.converters.takaya_unit import WRONG_DECIMAL, Header, TakayaOptions, begin

MAIN: Final = '#############"Main header"'
_GROUP_HEADER: Final = '#############"Group header"'
_COLUMNS: Final = "Order;"
_KEY: Final = re.compile(r"(Tester ID|Model|Serial number|Test Date)\s*:(.*)")
_GROUP: Final = re.compile(r"Group No\.:\s*(\w+)\s+Side:\s*(\S*)\s+(\S+)")
_LINE: Final = re.compile(r"-+")
_ORDER: Final = re.compile(r"\d+;")
_NAMES: Final = (
    (0, "Order"),
    (3, "Parts"),
    (4, "Value"),
    (9, "Reference"),
    (11, "Func"),
    (12, "+%"),
    (14, "-%"),
    (16, "Test.Base(Test1)"),
    (18, "Test.Base(Test2)"),
    (20, "Judge"),
)
_RULES: Final[dict[str, Rule]] = {
    "EQ": "tolerance",
    "OP": "least",
    "GE": "least",
    "SH": "most",
    "LE": "most",
}
_JUDGES: Final = {
    "PASS": Status.PASSED,
    **dict.fromkeys(("FAIL", "LOWER", "UPPER", "OPEN", "SHORT", "UNMEASURED"), Status.FAILED),
    **dict.fromkeys(("UNTESTED", "SKIP"), Status.SKIPPED),
}


@dataclass(slots=True)
class _Block:
    """One attempt of one group.

    Attributes:
        index: which block of the file it is, from 0.
        line: number of its first line.
        rows: indexes of its rows among the lines of the file.
        columns: how many cells the rows have; 0: the table has not begun.
    """

    index: int
    line: int
    keys: dict[str, str] = field(default_factory=dict)
    group: str = ""
    side: str = ""
    verdict: str = ""
    rows: list[int] = field(default_factory=list)
    columns: int = 0

    @property
    def panel(self) -> tuple[str, str]:
        """What the blocks of one test of a panel have in common."""
        return self.keys.get("Serial number", ""), self.keys.get("Test Date", "")

    @property
    def key(self) -> tuple[str, str, str]:
        """What the attempts of a group have in common."""
        return *self.panel, self.group


def read_atdx(data: bytes, source: Source, options: TakayaOptions) -> Iterator[Report]:
    """Yield a report for each group, of its last attempt; or one for each attempt.

    Raises:
        ConversionError: the grammar is broken, or the file ends inside a block; names the line.
    """
    text = decode_text(data, name=source.name)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks = _blocks(lines)
    if not blocks:
        raise ConversionError(f"{source.name} holds no tested group")
    _check_end(blocks, lines)
    attempts = Counter(block.key for block in blocks)
    last = {block.key: block for block in blocks}
    groups: dict[tuple[str, str], set[str]] = {}
    for block in blocks:
        groups.setdefault(block.panel, set()).add(block.group)
    for block in blocks if options.all_attempts else last.values():
        report = _report(block, lines, source, options, alone=len(groups[block.panel]) == 1)
        report.misc("Attempts", str(attempts[block.key]))
        # A later attempt of the group shall replace what an earlier one has reported.
        mark = (*block.key, str(block.index)) if options.all_attempts else block.key
        report.record = "\n".join(("atdx", *mark)).encode()
        if options.attach_source:
            report.attach(source.name, source.read_bytes())
        yield report


def _blocks(lines: list[str]) -> list[_Block]:
    blocks: list[_Block] = []
    for at, line in enumerate(lines):
        clean = line.strip()
        if clean.startswith(MAIN):
            blocks.append(_Block(len(blocks), at + 1))
        elif not clean or _LINE.fullmatch(clean) or clean.startswith(_GROUP_HEADER):
            continue
        elif not blocks:
            raise ConversionError(
                f"a main header should stand here, not {clean[:20]!r}", place=f"line {at + 1}"
            )
        else:
            _read(blocks[-1], line, clean, at)
    return blocks


def _read(block: _Block, line: str, clean: str, at: int) -> None:
    place = f"line {at + 1}"
    if found := _KEY.fullmatch(clean):
        block.keys[found[1]] = found[2].strip()
    elif found := _GROUP.fullmatch(clean):
        block.group, block.side, block.verdict = found[1], found[2], found[3]
    elif clean.startswith(_COLUMNS):
        cells = line.split(";")
        for index, name in _NAMES:
            if index >= len(cells) or cells[index].strip() != name:
                raise ConversionError(f"column {index + 1} should be {name!r}", place=place)
        block.columns = len(cells)
    elif block.columns and _ORDER.match(clean):
        if line.count(";") + 1 != block.columns:
            raise ConversionError(
                f"the row has {line.count(';') + 1} cells, the table {block.columns} columns", place=place
            )
        block.rows.append(at)
    else:
        raise ConversionError(f"{clean[:40]!r} does not belong here", place=place)


def _check_end(blocks: list[_Block], lines: list[str]) -> None:
    """The format has no end mark: the last block must have as many rows as the others of its group."""
    last = blocks[-1]
    others = {len(block.rows) for block in blocks[:-1] if block.key == last.key}
    if not last.group or not last.rows or (others and len(last.rows) < max(others)):
        raise ConversionError(
            f"the file ends inside the block that begins at line {last.line}",
            place=f"line {len(lines)}",
            next_step="Nothing of the file was taken; wait for the tester to finish it.",
        )


def _report(
    block: _Block, lines: list[str], source: Source, options: TakayaOptions, *, alone: bool
) -> Report:
    place = f"block at line {block.line}"
    day, _, clock = block.keys.get("Test Date", "").partition(" ")
    try:
        verdict = result_of(block.verdict)
        sn = block.keys.get("Serial number", "")
        header = Header(
            sn=sn if alone or not sn else _group_serial(options.group_serial, sn, block.group),
            model=block.keys.get("Model", ""),
            day=day,
            clock=clock,
            verdict=verdict,
            tester=block.keys.get("Tester ID", ""),
            group=block.group,
            place=place,
        )
    except ValueError as error:
        raise ConversionError(str(error), place=place) from error
    report = begin(header, source, options)
    if block.side:
        report.misc("Side", one_line(block.side, 100))
    if options.all_attempts:
        # The tester gives all attempts one date: what came first shall be first.
        start = datetime.fromisoformat(str(report.data["start"])) + timedelta(milliseconds=block.index)
        report.data["start"] = start.isoformat()
    for at in block.rows:
        try:
            row = _row(lines[at].split(";"), at + 1, options.decimal)
        except ValueError as error:
            raise ConversionError(str(error), place=f"line {at + 1}", next_step=WRONG_DECIMAL) from error
        add_step(report, row, keep_units=options.keep_units)
    return report


def _group_serial(pattern: str, sn: str, group: str) -> str:
    return pattern.replace("{sn}", sn).replace("{group}", group) or sn


def _row(cells: list[str], number: int, decimal: Decimal) -> Row:
    cells = [cell.strip() for cell in cells]
    judge = cells[20]
    status = _JUDGES.get(judge.upper())
    if status is None:
        raise ValueError(f"{judge[:40]!r} is no judgement we know")
    function = cells[11].upper()
    if function not in _RULES:
        raise ValueError(f"{cells[11][:40]!r} is no function we know")
    unit = cells[5]
    nets = " ".join(cell for cell in (cells[22], cells[24]) if cell) if len(cells) > 24 else ""
    notes = [("Step", cells[0]), ("Comment", cells[6]), ("Location", cells[7]), ("Nets", nets)]
    if unit:
        notes.insert(1, ("Value", f"{cells[4]} {unit}"))
    return Row(
        place=f"line {number}",
        part=cells[3],
        value="" if unit else cells[4],
        comment=cells[6],
        status=status,
        word="" if judge.upper() in {"PASS", "FAIL", "SKIP"} else judge[:40],
        reference=amount(cells[9], cells[10], decimal=decimal),
        tests=tuple(amount(cells[index], cells[index + 1], decimal=decimal) for index in (16, 18)),
        plus=percent(cells[12], decimal),
        minus=percent(cells[14], decimal),
        rule=_RULES[function],
        notes=tuple(notes),
    )
