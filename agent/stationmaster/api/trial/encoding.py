"""The same file as another program would save it: line ends, byte order mark, 8-bit letters."""

from __future__ import annotations

import codecs
import re

from stationmaster.api.converter import Glimpse
from stationmaster.api.trial.case import Case
from stationmaster.api.trial.finding import Findings
from stationmaster.sentence import closed

_NAME = "J\u00fcrgen Gr\u00fcn"
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def check_line_ends(case: Case, found: Findings) -> None:
    """CRLF for LF and the other way round must change nothing."""
    if not _is_text(case.content) or b"\n" not in case.content:
        return
    crlf = b"\r\n" in case.content
    other = case.content.replace(b"\r\n", b"\n")
    if not crlf:
        other = other.replace(b"\n", b"\r\n")
    _same(case, found, other, "line-ends", f"with {'LF' if crlf else 'CRLF'} at the ends of its lines",
          "Strip line ends, or let read_lines and read_text split the lines.")  # fmt: skip


def check_mark(case: Case, found: Findings) -> None:
    """A byte order mark, as Windows programs write it, must change nothing."""
    if not _is_text(case.content):
        return
    bare = case.content.removeprefix(codecs.BOM_UTF8)
    marked = bare != case.content
    other = bare if marked else codecs.BOM_UTF8 + bare
    if not bare.isascii() and not _utf8(bare):
        return  # an 8-bit file does not begin with the mark of another encoding
    told = "without its byte order mark" if marked else "with a byte order mark"
    advice = "Read the file with source.read_text(), or decode it as utf-8-sig; detect() sees the mark too."
    _same(case, found, other, "byte-order-mark", told, advice)


def check_letters(case: Case, found: Findings) -> None:
    """A name with an umlaut, in UTF-8 and in the Windows page, is read as it is or refused."""
    text = _operator(case)
    if not text or not _is_text(case.content) or case.content.startswith(codecs.BOM_UTF8):
        return
    # A document that says what it is written in says so rightly: another page is no other way to save it.
    other = _DECLARED.match(case.content[:300])
    is_utf8 = other is None or other[1].lower() == b"utf-8"
    for encoding in ("utf-8", "cp1252") if is_utf8 else ("cp1252",):
        changed = case.content.replace(text.encode(), _NAME.encode(encoding))
        outcome = case.run(case.variant(changed))
        if outcome.error is not None and not outcome.refused:
            _crashed(case, found, f"with {_NAME} in {encoding} in it", outcome.why)
        elif outcome.good and any(_NAME not in body for body in outcome.bodies[:1]):
            lost = any(_UNKNOWN in body for body in outcome.bodies)
            found.warning(
                "letters",
                f"The name {_NAME}, written in {encoding}, is not what the report says"
                + (": letters are lost." if lost else "."),
                file=case.file,
                next_step="Read the file with source.read_text(): it knows both.",
            )


def _same(case: Case, found: Findings, content: bytes, code: str, told: str, advice: str) -> None:
    source = case.variant(content)
    glimpse = Glimpse.at(source.path)
    try:
        sure = case.confidence(glimpse)
        complete = case.complete(glimpse)
    except Exception as error:  # noqa: BLE001 - the boundary to plug-in code
        _crashed(case, found, told, f"{type(error).__name__}: {error}")
        return
    outcome = case.run(source)
    if outcome.error is not None and not outcome.refused:
        _crashed(case, found, told, outcome.why)
    elif outcome.refused:
        found.warning(code, f"The file {told} is refused: {outcome.why}", file=case.file, next_step=advice)
    elif outcome.bodies != case.outcome.bodies:
        found.error(code, f"The file {told} gives other reports.", file=case.file, next_step=advice)
    elif sure == 0 and case.confidence(Glimpse.at(case.source.path)):
        found.warning(code, f"detect() does not know the file {told}.", file=case.file, next_step=advice)
    elif not complete and case.complete(Glimpse.at(case.source.path)):
        found.warning(
            code, f"is_complete() never says yes to the file {told}.", file=case.file, next_step=advice
        )


def _crashed(case: Case, found: Findings, told: str, why: str) -> None:
    found.error(
        "crash",
        closed(f"On the file {told}, the converter fails with {why}"),
        file=case.file,
        next_step="Raise ConversionError with the place instead.",
    )


def _operator(case: Case) -> str:
    """A name of a person that stands in the sample once for each report or more, as it does in the report."""
    if not case.outcome.reports:
        return ""
    data = case.outcome.reports[0].report.data
    holder = data.get("uut") or data.get("uur")
    name = holder.get("user") if isinstance(holder, dict) else ""
    if not isinstance(name, str) or len(name) < 3 or not name.isascii() or not name.isalnum():
        return ""
    return name if name.encode() in case.content else ""


def _is_text(content: bytes) -> bool:
    return bool(content) and b"\0" not in content


def _utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
