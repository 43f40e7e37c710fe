"""Values, limits and names of step types as people read them."""

from __future__ import annotations

from typing import Any

STEP_TYPES = {
    "SequenceCall": "Sequence",
    "WATS_SeqCall": "Sequence",
    "ET_NLT": "Numeric limit",
    "NumericLimitTest": "Numeric limit",
    "ET_MNLT": "Numeric limits",
    "MultiNumericLimitTest": "Numeric limits",
    "ET_PFT": "Pass/fail",
    "PassFailTest": "Pass/fail",
    "ET_MPFT": "Pass/fail, several",
    "MultiBooleanTest": "Pass/fail, several",
    "ET_SVT": "Text value",
    "StringValueTest": "Text value",
    "ET_MSVT": "Text values",
    "MultiStringTest": "Text values",
    "WATS_XYGMNLT": "Chart with limits",
    "MessagePopup": "Message",
    "CallExecutable": "Program",
    "GT": "Generic",
    "GenericTest": "Generic",
}
_SINGLE = {"EQ": "=", "EQT": "=", "NE": "≠", "LT": "<", "LE": "≤", "GT": ">", "GE": "≥"}
_INSIDE = {
    "GTLT": ("<", "<"),
    "GTLE": ("<", "≤"),
    "GELT": ("≤", "<"),
    "GELE": ("≤", "≤"),
}
_OUTSIDE = {
    "LTGT": ("<", ">"),
    "LTGE": ("<", "≥"),
    "LEGT": ("≤", ">"),
    "LEGE": ("≤", "≥"),
}


def step_type(name: Any) -> str:
    """The step type in words; a type we do not know by its own name."""
    text = str(name or "")
    return STEP_TYPES.get(text, text.removeprefix("NI_").replace("_", " "))


def number(value: Any) -> str:
    """A number as the report has it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def numeric_limit(row: dict[str, Any]) -> str:
    """The limits of a numeric measurement, x for the value: "4.5 ≤ x ≤ 5.5"."""
    comp = str(row.get("compOp") or "LOG").upper()
    low, high = number(row.get("lowLimit")), number(row.get("highLimit"))
    if comp in _SINGLE:
        return f"x {_SINGLE[comp]} {low}"
    if comp in _INSIDE:
        first, second = _INSIDE[comp]
        return f"{low} {first} x {second} {high}"
    if comp in _OUTSIDE:
        first, second = _OUTSIDE[comp]
        return f"x {first} {low} or x {second} {high}"
    return "" if comp == "LOG" else comp


def string_limit(row: dict[str, Any]) -> str:
    """The limit of a text measurement."""
    comp = str(row.get("compOp") or "LOG").upper()
    limit = row.get("limit")
    if comp == "LOG" or limit is None:
        return ""
    return f"= {limit}" + (" (any case)" if comp == "IGNORECASE" else "")
