"""The words of a report: names of fields and kinds of steps, limits, values, results."""

from __future__ import annotations

from typing import Any

from stationmaster_tray.report.document import Part
from stationmaster_tray.text import NONE, number, plural, result, size, tr

LONGEST = 300
"""Characters of a value in its cell; an attachment has millions."""

STRUCTURE = frozenset(
    {"root", "miscInfos", "assets", "subUnits", "binaryData", "additionalData", "assetStats"}
)
"""Fields of a report that have a place of their own in the tree."""

HEAD = {
    key: place
    for place, key in enumerate(
        (
            "sn", "pn", "rev", "productName", "result", "processCode", "processName", "start", "startUTC",
            "machineName", "location", "purpose", "user", "comment", "execTime", "errorCode", "errorMessage",
            "fixtureId", "testSocketIndex", "batchSN", "type", "id",
        )
    )
}  # fmt: skip
"""Order of the fields that people look for first."""

_SIGNS = {"P": "✓", "F": "✗", "E": "!", "T": "■", "D": "·", "S": NONE}


def verdict(status: str) -> str:
    """A status told by sign and word."""
    if not status:
        return ""
    return f"{_SIGNS.get(status, '?')} {result(status)}"


def field(key: str) -> str:
    """A field's name in words, or as the format has it."""
    words = {
        "sn": tr("Serial number"),
        "pn": tr("Part number"),
        "rev": tr("Revision"),
        "result": tr("Result"),
        "processCode": tr("Process"),
        "processName": tr("Process name"),
        "productName": tr("Product name"),
        "machineName": tr("Station"),
        "location": tr("Location"),
        "purpose": tr("Purpose"),
        "start": tr("Start"),
        "startUTC": tr("Start (UTC)"),
        "type": tr("Kind of report"),
        "id": tr("Report id"),
        "user": tr("Operator"),
        "comment": tr("Comment"),
        "execTime": tr("Duration in seconds"),
        "errorCode": tr("Error code"),
        "errorMessage": tr("Error"),
        "fixtureId": tr("Fixture"),
        "testSocketIndex": tr("Socket"),
        "batchSN": tr("Batch"),
        "reportText": tr("Note"),
        "seqCall": tr("Sequence file"),
        "callExe": tr("Program"),
        "messagePopup": tr("Message"),
        "causedUUTFailure": tr("Made the unit fail"),
        "additionalResults": tr("Additional results"),
        "failures": tr("Failures"),
        "data": tr("Content"),
    }
    return words.get(key, key)


def step_kind(step: Part) -> str:
    """What a step is, with the group it belongs to."""
    kind = shown(step.get("stepType"))
    words = {
        "SequenceCall": tr("Sequence"),
        "WATS_SeqCall": tr("Sequence"),
        "ET_NLT": tr("Number"),
        "NumericLimitTest": tr("Number"),
        "ET_MNLT": tr("Numbers"),
        "ET_PFT": tr("Pass or fail"),
        "PassFailTest": tr("Pass or fail"),
        "ET_MPFT": tr("Pass or fail"),
        "ET_SVT": tr("Text"),
        "StringValueTest": tr("Text"),
        "ET_MSVT": tr("Texts"),
        "ET_A": tr("Action"),
        "Action": tr("Action"),
        "Chart": tr("Chart"),
        "CallExecutable": tr("Program"),
        "MessagePopup": tr("Message"),
    }
    groups = {"S": tr("setup"), "C": tr("cleanup")}
    group = groups.get(shown(step.get("group")), "")
    return ", ".join(word for word in (words.get(kind, kind), group) if word)


def limits(row: Part) -> tuple[str, str]:
    """The low and the high limit of a measurement, each with its comparison."""
    comp, low, high = (shown(row.get(key)) for key in ("compOp", "lowLimit", "highLimit"))
    text = row.get("limit")
    if isinstance(text, str) and comp not in {"", "LOG"}:
        return f"{_TEXTS.get(comp, comp)} {value_in_words(text)}", ""
    if not comp or comp == "LOG" or not (low or high):
        return "", ""
    if comp in {"LT", "LE"}:
        return "", f"{_COMPARISONS[comp]} {low}"
    if comp in _COMPARISONS:
        return f"{_COMPARISONS[comp]} {low}", ""
    if len(comp) == 4 and comp[:2] in _COMPARISONS and comp[2:] in _COMPARISONS:
        return f"{_COMPARISONS[comp[:2]]} {low}", f"{_COMPARISONS[comp[2:]]} {high}"
    return f"{comp} {low}".strip(), high


_COMPARISONS = {"EQ": "=", "EQT": "=", "NE": "≠", "GT": ">", "GE": "≥", "LT": "<", "LE": "≤"}
_TEXTS = {"CASESENSIT": "=", "IGNORECASE": "≈", "EQ": "=", "NE": "≠"}


def value_in_words(value: Any, key: str = "") -> str:
    """A value in one cell.

    Args:
        value: any value of JSON.
        key: the field that holds it; of an object: its own name, which stands elsewhere already.
    """
    if key == "result" and isinstance(value, str):
        return verdict(value)
    if key == "type" and value in {"T", "R"}:
        return tr("Test") if value == "T" else tr("Repair")
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, list):
        return plural(len(value), "{count} item", "{count} items")
    return _object_in_words(value, key) if isinstance(value, dict) else shown(value)


def _object_in_words(value: Part, key: str) -> str:
    if isinstance(value.get("data"), str):
        return size_of(value)
    said = (shown(one) for name, one in value.items() if name not in {key, "root"})
    return ", ".join(one for one in said if one)[:LONGEST]


def size_of(file: Part) -> str:
    """How large an attached file is, and of which type."""
    data = file.get("data")
    count = len(data) * 3 // 4 - data[-2:].count("=") if isinstance(data, str) else 0
    return " ".join(word for word in (size(count), shown(file.get("contentType"))) if word)


def shown(value: object) -> str:
    """A plain value on one line, cut where it is very long; "" for none and for what is no plain value."""
    if value is None or isinstance(value, dict | list | bytes):
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    if len(text) > LONGEST:
        text = tr("{text}… ({count} characters)", text=text[:LONGEST], count=number(len(text)))
    return " ".join(text.split()) if "\n" in text or "\t" in text or "\r" in text else text
