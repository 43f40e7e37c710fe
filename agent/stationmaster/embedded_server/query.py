"""The query options of `/api/Report/Query/Header`, from request to frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stationmaster.embedded_server import filter as filters
from stationmaster.embedded_server.error import QueryError
from stationmaster.embedded_server.field import BY_NAME, PARTS, SORTABLE, Field

DEFAULT_TOP = 10
MAX_TOP = 10_000
REPORT_TYPES = {"": None, "u": "T", "t": "T", "uut": "T", "r": "R", "uur": "R"}
_KNOWN = ("$filter", "$top", "$skip", "$select", "$orderby", "$expand", "reporttype", "$format")


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    field: Field
    descending: bool


NEWEST_FIRST = (Order(BY_NAME["start"], descending=True),)


@dataclass(frozen=True, slots=True)
class HeaderQuery:
    """What to look for.

    Attributes:
        report_type: "T", "R", or None for both.
        select: wire names to answer with, None for all.
        expand: parts to add, of PARTS.
    """

    report_type: str | None = None
    where: filters.Expression | None = None
    top: int = DEFAULT_TOP
    skip: int = 0
    order: tuple[Order, ...] = NEWEST_FIRST
    select: frozenset[str] | None = None
    expand: tuple[str, ...] = ()


def read_query(options: Mapping[str, str]) -> HeaderQuery:
    """Understand the options of a request; their names in any case.

    Raises:
        QueryError: an option that is not known or not understood.
    """
    given = {name.lower(): value.strip() for name, value in options.items()}
    for name in given:
        if name.startswith("$") and name not in _KNOWN:
            raise QueryError(name, f"is not supported, there are: {', '.join(_KNOWN[:6])}")
    text = given.get("$filter", "")
    return HeaderQuery(
        report_type=_report_type(given.get("reporttype", "")),
        where=filters.parse(text) if text else None,
        top=_count("$top", given.get("$top", ""), default=DEFAULT_TOP, most=MAX_TOP),
        skip=_count("$skip", given.get("$skip", ""), default=0, most=2**53),
        order=_order(given.get("$orderby", "")),
        select=_select(given.get("$select", "")),
        expand=_expand(given.get("$expand", "")),
    )


def _report_type(text: str) -> str | None:
    if text.lower() not in REPORT_TYPES:
        raise QueryError("reportType", f"{text!r} is not known, there are U (test) and R (repair)")
    return REPORT_TYPES[text.lower()]


def _count(option: str, text: str, *, default: int, most: int) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) > most:
        raise QueryError(option, f"{text[:40]!r} is no number from 0 to {most}")
    return int(text)


def _order(text: str) -> tuple[Order, ...]:
    if not text:
        return NEWEST_FIRST
    order: list[Order] = []
    for item in text.split(","):
        name, _, direction = item.strip().partition(" ")
        if name.lower() not in SORTABLE:
            known = ", ".join(BY_NAME[field].name for field in SORTABLE)
            raise QueryError("$orderby", f"cannot sort by {name!r}, only by: {known}")
        if direction.strip().lower() not in {"", "asc", "desc"}:
            raise QueryError("$orderby", f"{direction.strip()!r} is no direction, there are asc and desc")
        order.append(Order(BY_NAME[name.lower()], descending=direction.strip().lower() == "desc"))
    return tuple(order)


def _select(text: str) -> frozenset[str] | None:
    names = _names(text)
    if not names:
        return None
    known = {name: field.name for name, field in BY_NAME.items()} | {"run": "run"}
    parts = {part.lower(): part for part in PARTS}
    return frozenset(_known("$select", names, known | parts))


def _expand(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_known("$expand", _names(text), {part.lower(): part for part in PARTS})))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _known(option: str, names: Iterable[str], known: Mapping[str, str]) -> Iterable[str]:
    for name in names:
        if name.lower() not in known:
            raise QueryError(option, f"there is no {name!r}, there are: {', '.join(known.values())}")
        yield known[name.lower()]
