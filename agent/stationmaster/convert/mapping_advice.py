"""What a trial found, in the words of who writes a mapping: keys of its file instead of Python."""

from __future__ import annotations

import re
from dataclasses import replace

from stationmaster.api.trial.finding import Finding
from stationmaster.convert.built_in import MAPPING
from stationmaster.convert.job import ConverterInfo

_END = "Say how a whole file ends: `table.end` or `text.end`, a pattern of its last line."
_DETECT = (
    "Say in `detect.head` what all its files have in common, and no others: the whole header, not a word."
)
_TEXT = "Name the encodings of these files in `encoding`, the most likely first."
_HEAVY = (
    "Look for a pattern that repeats a repetition, such as (a+)+; else set the option timeout or memory_mb."
)
_BUG = "A mapping fails in words, so this is a fault of Stationmaster: send it with the file to support."

ADVICE = {
    "byte-order-mark": _TEXT,
    "crash": _BUG,
    "detect": _DETECT,
    "empty-file": _END,
    "encoding": _TEXT,
    "grows-too-fast": _HEAVY,
    "half-written": _END,
    "hangs": _HEAVY,
    "incomplete": "Does `table.end` or `text.end` match the last line of this file?",
    "letters": _TEXT,
    "line-ends": "Let patterns end with \\s*$ where a line may end in more than one way.",
    "memory": _HEAVY,
    "no-detect": _DETECT,
    "no-record": "Say in `table.units`, `text.start` or `unit` where one unit ends and the next begins.",
    "refused": "If that is right, it is no sample of this mapping; else mend the mapping.",
    "rule": "Take less of the text, or another one: with `pattern` in its place.",
    "slow": _HEAVY,
}
"""What to do, by code of the finding. Advice about other codes stays where it speaks of no code."""

_WORDS = (
    ("detect() or is_complete()", "the detection"),
    ("is_complete()", "the look for the end"),
    ("has no detect()", "has no `detect`"),
    ("detect()", "the detection"),
    ("convert()", "the conversion"),
    ("report.record", "record of the unit"),
)
_PYTHON = re.compile(
    r"\w\(|\breport\.|\bsource\.|\bResume\b|Error\b|\bclass\b|[Yy]ield|[Ll]oop|_fields\b|\bclip\b"
)


def is_mapping(info: ConverterInfo) -> bool:
    """It is a TOML file."""
    return info.target.rpartition(":")[0].endswith(MAPPING)


def for_mapping(one: Finding) -> Finding:
    """The finding, if the converter is a mapping."""
    text = one.text
    for code, words in _WORDS:
        text = text.replace(code, words)
    step = ADVICE.get(one.code, one.next_step) if one.next_step else ""
    return replace(one, text=text[:1].upper() + text[1:], next_step="" if _PYTHON.search(step) else step)
