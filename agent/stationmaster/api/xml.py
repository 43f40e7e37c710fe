"""XML from strangers: no entities, no network, bounded size and depth.

A file that a tester wrote a little wrong is read all the same, with a warning: control characters that XML
does not allow are removed, bytes that are not UTF-8 are read as the 8-bit page. Each is tried once.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from stationmaster.api.converter import Glimpse, Source
from stationmaster.errors import ConversionError

Element = etree._Element  # noqa: SLF001 - lxml's only name for its element class

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 100

_CONTROLS = bytes(code for code in range(1, 32) if code not in b"\t\n\r")
_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));", re.IGNORECASE
)
_ANSI = re.compile(rb"(?:\x1b|&#(?:27|x1b);)\[[0-9;?]{0,40}[ -/]{0,4}[@-~]", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_TOO_DEEP = f"boolean({'/*' * (MAX_DEPTH + 1)})"
_AFTER_ROOT = r"\s*(?:<!--[^>]*-->\s*)*$"


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag near the beginning of a file."""

    name: str
    namespace: str
    attributes: dict[str, str]


def open(  # noqa: A001 - read as xml.open(source), like gzip.open
    source: Source, *, warnings: MutableSequence[str] | None = None, fallback: str = "cp1252"
) -> Element:
    """Parse a source file; see `parse`."""
    if source.size > MAX_BYTES:
        raise _too_big(source.name)
    with source.open() as file:
        # no larger buffer than the file needs; one that grows meanwhile is looked at again by the host
        data = file.read(source.size + 1)
    return parse(data, name=source.name, warnings=warnings, fallback=fallback)


def parse(
    data: bytes, *, name: str, warnings: MutableSequence[str] | None = None, fallback: str = "cp1252"
) -> Element:
    """Parse XML and return its root element. Comments and processing instructions are left out.

    Args:
        data: the whole document.
        name: of the file, for error texts.
        warnings: what had to be mended is told here.
        fallback: 8-bit page for documents that are not in the encoding they claim.

    Raises:
        ConversionError: not well-formed (with the line), too big, too deep, or with entities of its own.
    """
    if len(data) > MAX_BYTES:
        raise _too_big(name)
    _refuse_entities(data, name)
    try:
        root = _parse(data)
    except etree.XMLSyntaxError as error:
        root = _parse_mended(data, name, error, fallback, warnings)
    _check(root, name)
    return root


def local_name(element: Element) -> str:
    """Name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """Child elements with one of these local names, or all; in file order."""
    # The parser leaves comments, instructions and entities out: all children are elements.
    for child in element:
        if not names or local_name(child) in names:
            yield child


def child_text(element: Element, name: str, default: str = "") -> str:
    """All text in the first child of that local name."""
    for child in children(element, name):
        return inner_text(child)
    return default


def inner_text(element: Element) -> str:
    """All text inside an element, its own and that of its descendants."""
    return "".join(str(part) for part in element.itertext())


def place(element: Element) -> str:
    """Where an element stands: "line 12 <testcase>"."""
    return f"line {element.sourceline} <{local_name(element)}>"


def first_tags(head: bytes, count: int = 4) -> list[Tag]:
    """The first start tags of a document of which `head` is the beginning; [] if it is no XML."""
    if b"<" not in head[:1024] or _has_entities(head):
        return []
    return _tags(head, count, None) or _tags(_mend(head, "cp1252")[0], count, "utf-8")


def is_closed(glimpse: Glimpse, root: str = "") -> bool:
    """Has the document been written to its end: does the closing tag of its root stand there?

    Args:
        glimpse: the look at the file.
        root: local name of the root; "" for whatever the first tag names.
    """
    if not root:
        tags = first_tags(glimpse.head, 1)
        return bool(tags) and is_closed(glimpse, tags[0].name)
    tail = glimpse.tail.replace(b"\0", b"").decode("latin-1")
    if re.search(rf"</(?:[\w.-]+:)?{re.escape(root)}\s*>{_AFTER_ROOT}", tail):
        return True
    if glimpse.size > len(glimpse.head) or not tail.rstrip().endswith("/>"):
        return False
    try:
        parse(glimpse.head, name=glimpse.name)
    except ConversionError:
        return False
    return True


_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}


def _parse(data: bytes, encoding: str | None = None) -> Element:
    return etree.fromstring(data, etree.XMLParser(encoding=encoding, **_SAFE))


def _parse_mended(
    data: bytes,
    name: str,
    first: etree.XMLSyntaxError,
    fallback: str,
    warnings: MutableSequence[str] | None,
) -> Element:
    """Try once more with what testers get wrong put right, in UTF-8."""
    mended, notes = _mend(data, fallback)
    if not notes:
        raise _syntax_error(name, first) from first
    try:
        root = _parse(mended, "utf-8")
    except etree.XMLSyntaxError as error:
        raise _syntax_error(name, error) from error
    if warnings is not None:
        warnings.extend(notes)
    return root


def _mend(data: bytes, fallback: str) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    text = data
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace").encode()
    elif b"\0" not in data and (declared := _encoding(data)) in {"", "utf-8"}:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            text = data.decode(fallback, errors="replace").encode()
            claim = "says it is" if declared else "should be"
            notes.append(f"the file {claim} UTF-8, byte {error.start} is not; it was read as {fallback}")
    elif b"\0" not in data:
        try:
            text = data.decode(declared).encode()
        except (LookupError, UnicodeDecodeError):
            return data, []
    # Colours first: of "ESC[31m" without its ESC, "[31m" would be left.
    cleaned = _REFERENCE.sub(b"", _ANSI.sub(b"", text).translate(None, _CONTROLS))
    if cleaned != text:
        notes.append("control characters that XML does not allow were removed")
    return cleaned, notes


def _encoding(data: bytes) -> str:
    found = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8)[:300])
    return found[1].decode("ascii").lower() if found else ""


def _has_entities(data: bytes) -> bool:
    if data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} or b"\0" in data[:4]:
        data = data.replace(b"\0", b"")
    return b"<!DOCTYPE" in data and b"<!ENTITY" in data


def _refuse_entities(data: bytes, name: str) -> None:
    if _has_entities(data):
        raise ConversionError(f"{name} declares entities of its own; such XML is not read")


def _check(root: Element, name: str) -> None:
    dtd: etree.DTD | None = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _entity in dtd.iterentities()):  # type: ignore[attr-defined] # stubs lack it
        raise ConversionError(f"{name} declares entities of its own; such XML is not read")
    try:
        too_deep = bool(root.xpath(_TOO_DEEP))
    except etree.XPathError as error:
        raise _too_big(name) from error
    if too_deep:
        raise ConversionError(f"{name} nests elements more than {MAX_DEPTH} deep")


def _tags(head: bytes, count: int, encoding: str | None) -> list[Tag]:
    parser = etree.XMLPullParser(events=("start",), encoding=encoding, **_SAFE)
    tags: list[Tag] = []
    # What was read before the trouble counts: `head` may end anywhere.
    with contextlib.suppress(etree.XMLSyntaxError):
        parser.feed(head)
    with contextlib.suppress(etree.XMLSyntaxError):
        for _event, element in parser.read_events():
            if isinstance(element, Element):
                tags.append(_tag(element))
            if len(tags) == count:
                break
    return tags


def _tag(element: Element) -> Tag:
    name = str(element.tag)
    namespace = name[1:].partition("}")[0] if name.startswith("{") else ""
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return Tag(local_name(element), namespace, attributes)


def _syntax_error(name: str, error: etree.XMLSyntaxError) -> ConversionError:
    reason = (error.msg or "not XML").partition("\n")[0]
    return ConversionError(
        f"{name} is not well-formed XML: {reason[:200]}",
        place=f"line {error.lineno}" if error.lineno else "",
        next_step="The tester may have stopped while it wrote the file.",
    )


def _too_big(name: str) -> ConversionError:
    return ConversionError(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB, the bound for XML")
