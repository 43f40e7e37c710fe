"""Does a file that is ten times as large take ten times as long, or a hundred?"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from lxml import etree

from stationmaster.api.trial.case import Case, Outcome
from stationmaster.api.trial.finding import Findings

_START = 24 * 1024
"""Bytes of the smaller of the two files, or more."""

_MOST = 4 * 1024 * 1024
_TIMES = 10
_TOO_MUCH = 40.0
"""A file ten times as large that takes so many times as long grows by the square."""

_LEAST_SECONDS = 0.01
_BRIEF = 5.0
"""Seconds. What took less may have been held up by other programs: it is measured again before it is told."""

_AGAIN = 2
"""Times that it is measured again at most."""
_MB = 1024 * 1024
_SLOW, _LARGE = 10.0, 200.0
"""Seconds and MB of memory for one MB of file: with more a file of some MB meets the limits."""


def check_growth(case: Case, found: Findings) -> None:
    """Make a larger file of the sample, and one ten times as large; compare time and memory."""
    if len(case.content) > _MOST or not case.outcome.good:
        return
    for grown in _enlarged(case.content):
        factor = _factor(grown, len(case.content))
        small, content = _measured(case, grown, factor)
        if small is None or not small[0].good or len(content) < _START // 2:
            continue
        large, big = _measured(case, grown, factor * _TIMES)
        if large is None or not large[0].good:
            continue
        seconds = small[1], large[1]
        for _ in range(_AGAIN):
            if seconds[1] > _BRIEF or not _out_of_proportion(seconds, len(big) / len(content)):
                break
            seconds = min(seconds[0], _seconds(case, content)), min(seconds[1], _seconds(case, big))
        if _in_proportion(case, found, (seconds[0], len(content)), (seconds[1], len(big))):
            _memory(case, found, big)
        return
    found.note("size", "No larger file could be made of this sample: time and memory were not measured.",
               file=case.file)  # fmt: skip


def _factor(grown: Any, size: int) -> int:
    """How many times, for a file of `_START` bytes or more."""
    factor = max(1, -(-_START // size))
    for _ in range(3):  # what grows may be a small part of the sample
        made = len(grown(factor))
        if not made or made >= _START:
            break
        factor = factor * _START // made + 1
    return factor


def _measured(case: Case, grown: Any, factor: int) -> tuple[tuple[Outcome, float] | None, bytes]:
    content = grown(factor)
    if not content:
        return None, b""
    outcome, seconds = _timed(case, content)
    return (outcome, seconds), content


def _timed(case: Case, content: bytes) -> tuple[Outcome, float]:
    source = case.variant(content)
    began = time.process_time()
    outcome = case.run(source)
    return outcome, time.process_time() - began


def _seconds(case: Case, content: bytes) -> float:
    return _timed(case, content)[1]


def _out_of_proportion(seconds: tuple[float, float], sizes: float) -> bool:
    times = seconds[1] / max(seconds[0], _LEAST_SECONDS)
    return times > _TOO_MUCH and times > 4 * sizes


def _in_proportion(case: Case, found: Findings, small: tuple[float, int], large: tuple[float, int]) -> bool:
    """Tell what took too long; False: too long to look at the memory as well."""
    times = large[0] / max(small[0], _LEAST_SECONDS)
    sizes = large[1] / small[1]
    bad = _out_of_proportion((small[0], large[0]), sizes)
    if bad:
        found.error(
            "grows-too-fast",
            f"A file {sizes:.0f} times as large ({large[1] / _MB:.1f} MB) takes {times:.0f} times as long "
            f"({large[0]:.1f} s).",
            file=case.file,
            next_step="Look for a loop over all lines inside a loop over lines.",
        )
    per_mb = large[0] / (large[1] / _MB)
    if per_mb > _SLOW:
        found.warning(
            "slow",
            f"One MB takes {per_mb:.0f} s; a file may take 60 s.",
            file=case.file,
            next_step="Make it faster, or set the option timeout of the converter.",
        )
    return not bad and per_mb <= _SLOW


def _memory(case: Case, found: Findings, content: bytes) -> None:
    source = case.variant(content)
    tracemalloc.start()
    try:
        for _ in case.fresh().convert(source, case.options, None):
            pass  # as the host does: each report is written and let go
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    per_mb = peak / len(content)
    if per_mb > _LARGE:
        found.warning(
            "memory",
            f"One MB of file takes {per_mb:.0f} MB of memory; a conversion may take 1024 MB.",
            file=case.file,
            next_step="Yield each report as soon as it is read, and keep no list of them.",
        )


def _enlarged(content: bytes) -> Iterator[Any]:
    """Ways to make a file of the same form that is larger; each takes how many times."""
    head = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head == b"<":
        yield lambda times: _larger_xml(content, times)
    if head in (b"{", b"["):
        yield lambda times: _larger_json(content, times)
        yield lambda times: content.rstrip() * times if head == b"{" else b""
    first, end, rest = content.partition(b"\n")
    if rest:
        yield lambda times: first + end + _ended(rest) * times
    yield lambda times: _ended(content) * times


def _ended(content: bytes) -> bytes:
    return content if content.endswith(b"\n") else content + b"\n"


def _larger_xml(content: bytes, times: int) -> bytes:
    """The children of the element with the most of them, so many times."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return b""
    parent = max(root.iter("*"), key=len)
    children = list(parent)
    if not children:
        return b""
    inner = b"".join(etree.tostring(child) for child in children)
    mark = "stationmaster-grows-here"
    for child in children[1:]:
        parent.remove(child)
    children[0].tail = None
    parent.replace(children[0], etree.Element(mark))
    whole: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return whole.replace(f"<{mark}/>".encode(), inner * times)


def _larger_json(content: bytes, times: int) -> bytes:
    """The longest list, so many times."""
    try:
        document = json.loads(content)
    except ValueError:
        return b""
    longest: list[Any] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list) and len(value) > len(longest):
            longest = value
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += [one for one in inner if isinstance(one, dict | list)]
    if not longest:
        return b""
    longest *= times
    return json.dumps(document).encode()
