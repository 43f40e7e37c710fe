"""Spoils files as disks, networks and other programs do: the same seed spoils the same way."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

_TOKEN = re.compile(rb"-?\d+\.?\d*|\b(?:true|false|null|Passed|Failed|TRUE|PASS|FAIL)\b|\"[^\"\n]{0,30}\"")
_SWAPS = (
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"[]",
    b"{}",
    b"[[1]]",
    b'"text"',
    b'"\\ud800"',
    b"NaN",
    b"",
    b"\xff",
    b"&#0;",
    b"\t",
    b"\n",
)

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    float("nan"),
    10**400,
    -(10**18),
    "",
    "text",
    "a\ud800b\x00",
    "x" * 6000,
    [],
    {},
    [[1]],
    {"a": {"b": None}},
)


def mutate(data: bytes, seed: int) -> bytes:
    """`data`, spoilt in one to four ways."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(_WAYS)(data, dice) if data else data
    return data


def mutate_json(value: object, seed: int) -> object:
    """A copy of a JSON value with one to three values in it replaced by others, missing or doubled."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    changed: object = json.loads(json.dumps(value))
    for _ in range(dice.randint(1, 3)):
        holders: list[Any] = []
        _collect(changed, holders)
        if holders:
            _spoil(dice.choice(holders), dice)
    return changed


def mutations(samples: Sequence[Path], count: int) -> Iterator[tuple[int, str, bytes]]:
    """Seed, file name and bytes of `count` spoilt files, made from the samples in turn."""
    ordered = sorted(samples)
    for seed in range(count):
        sample = ordered[seed % len(ordered)]
        yield seed, sample.name, mutate(sample.read_bytes(), seed)


def _collect(value: object, found: list[Any]) -> None:
    """All lists and objects that hold anything."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict | list) and value:
        found.append(value)
    for one in inner:
        _collect(one, found)


def _spoil(holder: Any, dice: random.Random) -> None:
    key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    way = dice.randrange(4)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(dice.choice(_VALUES))


def _flip(data: bytes, dice: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
    return bytes(spoilt)


def _truncate(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _delete(data: bytes, dice: random.Random) -> bytes:
    start, size = _slice(data, dice)
    return data[:start] + data[start + size :]


def _duplicate(data: bytes, dice: random.Random) -> bytes:
    start, size = _slice(data, dice)
    return data[: start + size] + data[start : start + size] * dice.randint(1, 3) + data[start + size :]


def _swap_type(data: bytes, dice: random.Random) -> bytes:
    found = list(_TOKEN.finditer(data))
    if not found:
        return data
    token = dice.choice(found)
    return data[: token.start()] + dice.choice(_SWAPS) + data[token.end() :]


def _swap_lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _slice(data: bytes, dice: random.Random) -> tuple[int, int]:
    start = dice.randrange(len(data))
    return start, dice.randint(1, max(1, min(200, len(data) - start)))


_WAYS = (_flip, _truncate, _delete, _duplicate, _swap_type, _swap_type, _swap_lines)


def mutate_xml(root: etree._Element, seed: int) -> bytes:
    """An XML document with one to four elements or attributes missing, doubled, moved or of another value."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    changed = copy.deepcopy(root)
    for _ in range(dice.randint(1, 4)):
        _spoil_element(dice.choice(list(changed.iter())), changed, dice)
    return etree.tostring(changed)


def _spoil_element(element: etree._Element, root: etree._Element, dice: random.Random) -> None:
    way = dice.randrange(6)
    parent = element.getparent()
    if way == 0 and parent is not None:
        parent.remove(element)
    elif way == 1 and parent is not None:
        parent.append(copy.deepcopy(element))
    elif way == 2:
        dice.choice(list(root.iter())).append(copy.deepcopy(element))
    elif way == 3:
        element.tag = dice.choice(["testcase", "testsuite", "failure", "property", "Test", "other"])
    elif way == 4:
        element.text = dice.choice(_TEXTS)
    elif element.attrib:
        element.set(dice.choice(sorted(str(key) for key in element.attrib)), dice.choice(_TEXTS))


_TEXTS = (
    "",
    "1",
    "-1",
    "1e999",
    "NaN",
    "9" * 500,
    "text",
    "x" * 6000,
    "2026-01-01",
    "1969-01-01T00:00:00",
    "0,5",
)
