"""Additional data: named sets of values, as deep as the tester has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeAlias, Union


@dataclass(frozen=True, slots=True)
class Property:
    """A value with what its plain form does not say.

    Attributes:
        value: the value itself; None where there is none.
        type: the tester's own name of its type; "": told by the value.
        flags: the tester's flags, as a whole number.
        comment: for people.
        num_format: how to show a number, "%.3f" for instance.
    """

    value: Plain | None = None
    type: str = ""
    _: KW_ONLY
    flags: int | None = None
    comment: str | None = None
    num_format: str | None = None


Plain: TypeAlias = Union[str, float, bool, Mapping[str, "Value"], Sequence["Value"]]  # noqa: UP007 - a name in quotes takes no |
"""A text, number or truth value; a mapping is an object, a list an array, lists in it its dimensions."""

Value: TypeAlias = Plain | Property
"""A plain value, or one that says more."""


def additional_data(name: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """WSJF additional data: a name and typed properties.

    Raises:
        ValueError: an array whose lists are not all equally deep.
    """
    return {"name": name, "props": [_prop(key, value) for key, value in values.items()]}


def _prop(name: str, value: Value | None) -> dict[str, Any]:
    more = value if isinstance(value, Property) else Property(value)
    row: dict[str, Any] = {"name": name, "type": more.type or _type_of(more.value)}
    inner = more.value
    if isinstance(inner, Mapping):
        row["props"] = [_prop(key, one) for key, one in inner.items()]
    elif isinstance(inner, Sequence) and not isinstance(inner, str):
        row["array"] = _array(inner)
    elif inner is not None:
        row["value"] = str(inner)
    told = {"flags": more.flags, "comment": more.comment, "numFormat": more.num_format}
    return row | {key: one for key, one in told.items() if one is not None}


def _type_of(value: Value | None) -> str:
    if isinstance(value, Property):
        return value.type or _type_of(value.value)
    if isinstance(value, bool):
        return "Boolean"
    if value is None or isinstance(value, str):
        return "String"
    if isinstance(value, Mapping):
        return "Obj"
    return "Array" if isinstance(value, Sequence) else "Number"


def _array(values: Sequence[Value]) -> dict[str, Any]:
    cells = list(_cells(values, ()))
    depths = {len(indexes) for indexes, _ in cells} or {1}
    if len(depths) > 1:
        raise ValueError("the lists in an array are not all equally deep")
    types = {_type_of(value) for _, value in cells}
    return {
        "dimension": depths.pop(),
        "type": types.pop() if len(types) == 1 else "String",
        "indexes": [_cell(indexes, value) for indexes, value in cells],
    }


def _cells(values: Sequence[Value], above: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Value]]:
    for at, value in enumerate(values):
        if isinstance(value, Sequence) and not isinstance(value, str):
            yield from _cells(value, (*above, at))
        else:
            yield (*above, at), value


def _cell(indexes: tuple[int, ...], value: Value) -> dict[str, Any]:
    text = "".join(f"[{index}]" for index in indexes)
    return {"text": text, "indexes": list(indexes), "value": _prop(text, value)}
