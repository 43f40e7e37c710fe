"""Spoils files as disks, networks and editors do; dice decide, so that it can be done again."""

from __future__ import annotations

import codecs
import copy
import json
import re
from random import Random
from typing import Any

from lxml import etree

_TOKEN = re.compile(rb"-?\d+\.?\d*|\b(?:true|false|null|Passed|Failed|TRUE|PASS|FAIL)\b|\"[^\"\n]{0,30}\"")
_SWAPS = (
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"-1e999",
    b"1e308",
    b"9" * 400,
    b"9" * 5000,
    b"[]",
    b"{}",
    b"[[1]]",
    b'"text"',
    b'"\\ud800"',
    b"NaN",
    b"Infinity",
    b"-inf",
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"&#0;",
    b"\t",
    b"\n",
    b"\r",
    b"\x1a",
    b"<",
    b'"',
    b"2026-02-30",
    b"0000-00-00T00:00:00",
    b"31.12.9999 24:00:00",
    "\u0663,\u00b5\u2028".encode(),
)

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    float("nan"),
    float("-inf"),
    2**70,
    10**400,
    -(10**18),
    "",
    "P",
    "text",
    "2026-01-01",
    "a\ud800b\x00",
    "x" * 6000,
    [],
    {},
    [[1]],
    [{"status": "P"}],
    {"a": {"b": None}},
    {"idx": None, "num": 1},
)

_TEXTS = (
    "",
    "1",
    "-1",
    "1e999",
    "NaN",
    "Infinity",
    "9" * 500,
    "text",
    "x" * 6000,
    "2026-01-01",
    "1969-01-01T00:00:00",
    "9999-12-31T23:59:59Z",
    "0,5",
)

_ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7")


def spoil(data: bytes, dice: Random) -> bytes:
    """`data`, spoilt in one to four ways; half of the time so gently that it may still be read."""
    if dice.randrange(2):
        return _gently(data, dice)
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(_WAYS)(data, dice) if data else data
    return data


def _gently(data: bytes, dice: Random) -> bytes:
    """Other values in XML and JSON, other bytes behind the head of what is no text, else another word."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if start == b"<":
            return _spoil_xml(etree.fromstring(data, etree.XMLParser(resolve_entities=False)), dice)
        if start in {b"{", b"["}:
            return _spoil_json(json.loads(data), dice)
    except (ValueError, SyntaxError):
        pass
    return _poke(data, dice) if b"\0" in data else _swap_token(data, dice)


# ---------------------------------------------------------------- bytes
def _flip(data: bytes, dice: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def _poke(data: bytes, dice: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        spoilt[dice.randrange(min(6, len(data) - 1), len(data))] = dice.randrange(256)
    return bytes(spoilt)


def _truncate(data: bytes, dice: Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _delete(data: bytes, dice: Random) -> bytes:
    start, size = _slice(data, dice)
    return data[:start] + data[start + size :]


def _duplicate(data: bytes, dice: Random) -> bytes:
    start, size = _slice(data, dice)
    return data[: start + size] + data[start : start + size] * dice.randint(1, 3) + data[start + size :]


def _insert(data: bytes, dice: Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice((*_SWAPS, b"\0" * 512)) + data[at:]


def _swap_token(data: bytes, dice: Random) -> bytes:
    found = list(_TOKEN.finditer(data))
    if not found:
        return data
    token = dice.choice(found)
    return data[: token.start()] + dice.choice(_SWAPS) + data[token.end() :]


def _swap_lines(data: bytes, dice: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _drop_or_double_line(data: bytes, dice: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines[at : at + 1] = [lines[at]] * dice.choice((0, 2))
    return b"".join(lines)


def _line_ends(data: bytes, dice: Random) -> bytes:
    return re.sub(rb"\r\n|\r|\n", dice.choice((b"\r\n", b"\r", b"\n", b"\n\n", b"\n\r")), data)


def _mark(data: bytes, dice: Random) -> bytes:
    return dice.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0\0\xfe\xff")) + data


def _encode_again(data: bytes, dice: Random) -> bytes:
    return data.decode("utf-8", "replace").encode(dice.choice(_ENCODINGS), "replace")


def _slice(data: bytes, dice: Random) -> tuple[int, int]:
    start = dice.randrange(len(data))
    return start, dice.randint(1, max(1, min(200, len(data) - start)))


_WAYS = (
    _flip,
    _truncate,
    _delete,
    _duplicate,
    _insert,
    _swap_token,
    _swap_token,
    _swap_lines,
    _drop_or_double_line,
    _line_ends,
    _mark,
    _encode_again,
)


# ---------------------------------------------------------------- JSON
def _spoil_json(document: object, dice: Random) -> bytes:
    """One to three values replaced by others, missing or doubled."""
    for _ in range(dice.randint(1, 3)):
        holders: list[Any] = []
        _collect(document, holders)
        if holders:
            _spoil_value(dice.choice(holders), dice)
    return json.dumps(document).encode()


def _collect(value: object, found: list[Any]) -> None:
    """All lists and objects that hold anything."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict | list) and value:
        found.append(value)
    for one in inner:
        _collect(one, found)


def _spoil_value(holder: Any, dice: Random) -> None:
    key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    way = dice.randrange(4)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(dice.choice(_VALUES))


# ---------------------------------------------------------------- XML
def _spoil_xml(root: etree._Element, dice: Random) -> bytes:
    """One to four elements or attributes missing, doubled, moved, of another name or value."""
    for _ in range(dice.randint(1, 4)):
        _spoil_element(dice.choice(list(root.iter(etree.Element))), root, dice)
    return etree.tostring(root)


def _spoil_element(element: etree._Element, root: etree._Element, dice: Random) -> None:
    way = dice.randrange(6)
    parent = element.getparent()
    if way == 0 and parent is not None:
        parent.remove(element)
    elif way == 1 and parent is not None:
        parent.append(copy.deepcopy(element))
    elif way == 2:
        dice.choice(list(root.iter(etree.Element))).append(copy.deepcopy(element))
    elif way == 3:
        element.tag = dice.choice([*sorted({str(one.tag) for one in root.iter(etree.Element)}), "other"])
    elif way == 4:
        element.text = dice.choice(_TEXTS)
    elif element.attrib:
        element.set(dice.choice(sorted(str(key) for key in element.attrib)), dice.choice(_TEXTS))
