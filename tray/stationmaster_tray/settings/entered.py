"""PURE: what stands in a settings form, what of it changed, and what was changed elsewhere meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stationmaster.control.trial_protocol import SettingForm, SettingSection, SettingsSchema

IDENTITY = {"watch": "path", "fetch": "name"}
"""What tells one item of a list from another, for people and for us."""
_FIRST = ("", "server", "station", "watch.N", "fetch.N")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a list of tables.

    Attributes:
        origin: its number in the settings file; None: it is new.
        values: by the last word of the key.
    """

    origin: int | None = None
    values: Mapping[str, Any] = {}


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that stands in a form.

    Attributes:
        values: by dotted key.
        lists: by the key of the list: `watch`.
    """

    values: Mapping[str, Any] = {}
    lists: Mapping[str, tuple[Row, ...]] = {}


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What a form holds after the settings were changed elsewhere.

    Attributes:
        conflicts: what stands in the settings now, where the form has something else, by dotted key; that of
            the list alone (`watch`) where it has other items now.
    """

    now: Entered
    conflicts: Mapping[str, Any] = {}


def in_order(schema: SettingsSchema) -> SettingsSchema:
    """What people change most comes first; what only the program writes stands last in its section."""
    sections = (
        msgspec.structs.replace(one, settings=tuple(sorted(one.settings, key=lambda form: form.fixed)))
        for one in schema.sections
    )
    ordered = sorted(sections, key=lambda one: _FIRST.index(one.key) if one.key in _FIRST else len(_FIRST))
    return msgspec.structs.replace(schema, sections=tuple(ordered))


def entered_of(schema: SettingsSchema, values: Mapping[str, Any]) -> Entered:
    """The settings as the agent has them."""
    plain: dict[str, Any] = {}
    lists: dict[str, tuple[Row, ...]] = {}
    for section in schema.sections:
        if not section.repeated:
            plain |= {one.key: _at(values, one.key) for one in section.settings}
            continue
        name = list_key(section.key)
        lists[name] = tuple(
            Row(origin=number, values={last(one.key): item.get(last(one.key)) for one in section.settings})
            for number, item in enumerate(values.get(name, ()))
        )
    return Entered(values=plain, lists=lists)


def values_of(section: SettingSection, entered: Entered) -> dict[str, Any]:
    """What stands in a section that is no list, by the last word of each key."""
    return {last(one.key): entered.values[one.key] for one in section.settings}


def new_row(settings: tuple[SettingForm, ...]) -> Row:
    """An item with its defaults."""
    return Row(values={last(one.key): one.default for one in settings})


def patch_of(schema: SettingsSchema, base: Entered, now: Entered) -> dict[str, Any]:
    """What makes `now` of `base`, and touches nothing else; the order of the keys counts."""
    patch: dict[str, Any] = {}
    for section in schema.sections:
        if section.repeated:
            name = list_key(section.key)
            _list_patch(patch, name, section.settings, base.lists.get(name, ()), now.lists.get(name, ()))
            continue
        for one in section.settings:
            if now.values.get(one.key) != base.values.get(one.key):
                patch[one.key] = _written(one, now.values.get(one.key))
    return patch


def merge(base: Entered, fresh: Entered, now: Entered) -> Merged:
    """Take over what was changed elsewhere, where nothing else was entered here."""
    conflicts: dict[str, Any] = {}
    values = _merge_values(base.values, fresh.values, now.values, conflicts, "")
    lists: dict[str, tuple[Row, ...]] = {}
    for name, theirs in fresh.lists.items():
        mine, before = now.lists.get(name, ()), base.lists.get(name, ())
        if mine in (before, theirs):
            lists[name] = theirs
        elif _items(name, before) != _items(name, theirs):
            lists[name] = _renumbered(name, mine, before, theirs)
            conflicts[name] = theirs
        else:
            lists[name] = tuple(_merge_row(name, row, before, theirs, conflicts) for row in mine)
    return Merged(now=Entered(values=values, lists=lists), conflicts=conflicts)


def place_of(key: str, base: Entered, now: Entered) -> tuple[str, int, str]:
    """(list, number in the form, setting) that a fault's key is about; ("", 0, key) for a plain setting.

    The numbers in a fault are those that the file has after the patch. A number that nothing has is -1.
    """
    name, _, rest = key.partition(".")
    if name not in now.lists:
        return "", 0, key
    number, _, setting = rest.partition(".")
    order = _order(base.lists.get(name, ()), now.lists[name])
    known = number.isdecimal() and int(number) < len(order)
    return name, order[int(number)] if known else -1, setting


def list_key(section: str) -> str:
    """`watch` of `watch.N`."""
    return section.partition(".")[0]


def last(key: str) -> str:
    """The last word of a key."""
    return key.rpartition(".")[2]


# -------------------------------------------------------------------- inside
def _at(values: Mapping[str, Any], key: str) -> Any:
    place: Any = values
    for part in key.split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    return place


def _written(form: SettingForm, value: Any) -> Any:
    """None goes back to the default."""
    return None if value == form.default and not form.required else value


def _list_patch(
    patch: dict[str, Any],
    name: str,
    settings: tuple[SettingForm, ...],
    base: tuple[Row, ...],
    now: tuple[Row, ...],
) -> None:
    stay = [row for row in now if row.origin is not None]
    for row in stay:
        before = next((one for one in base if one.origin == row.origin), row)
        for form in settings:
            field = last(form.key)
            if row.values.get(field) != before.values.get(field):
                patch[f"{name}.{row.origin}.{field}"] = _written(form, row.values.get(field))
    gone, new = _gone_and_new(base, now)
    # What is new takes the place of what goes: so no number means two things in one patch.
    for number, index in zip((*gone, *range(len(base), len(base) + len(new))), new, strict=False):
        values = now[index].values
        filled = {last(form.key): _written(form, values.get(last(form.key))) for form in settings}
        patch[f"{name}.{number}"] = {field: value for field, value in filled.items() if value is not None}
    # From the end on: what is behind a removed item moves up.
    for number in reversed(gone[len(new) :]):
        patch[f"{name}.{number}"] = None


def _gone_and_new(base: tuple[Row, ...], now: tuple[Row, ...]) -> tuple[list[int], list[int]]:
    """Numbers in the file of what was removed, and in the form of what was added."""
    kept = {row.origin for row in now}
    gone = [row.origin for row in base if row.origin is not None and row.origin not in kept]
    return gone, [index for index, row in enumerate(now) if row.origin is None]


def _order(base: tuple[Row, ...], now: tuple[Row, ...]) -> list[int]:
    """For each item of the file after the patch, its number in the form."""
    gone, new = _gone_and_new(base, now)
    taken = dict(zip(gone, new, strict=False))
    stay = {row.origin: index for index, row in enumerate(now) if row.origin is not None}
    places = (taken.get(row.origin, stay.get(row.origin)) for row in base if row.origin is not None)
    return [place for place in places if place is not None] + new[len(gone) :]


def _merge_values(
    base: Mapping[str, Any],
    fresh: Mapping[str, Any],
    now: Mapping[str, Any],
    conflicts: dict[str, Any],
    above: str,
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key, theirs in fresh.items():
        mine, before = now.get(key), base.get(key)
        merged[key] = theirs if mine == before else mine
        if mine not in (before, theirs) and theirs != before:
            conflicts[f"{above}{key}"] = theirs
    return merged


def _renumbered(
    name: str, mine: tuple[Row, ...], base: tuple[Row, ...], fresh: tuple[Row, ...]
) -> tuple[Row, ...]:
    """The rows with the numbers that their items have now; an item that is no more is a new one."""
    free = dict(enumerate(_items(name, fresh)))
    numbers: dict[int, int] = {}
    for number, item in enumerate(_items(name, base)):
        found = next((new for new, one in free.items() if one == item), None)
        if found is not None:
            numbers[number] = found
            del free[found]
    return tuple(
        row if row.origin is None else Row(origin=numbers.get(row.origin), values=row.values) for row in mine
    )


def _merge_row(
    name: str, row: Row, base: tuple[Row, ...], fresh: tuple[Row, ...], conflicts: dict[str, Any]
) -> Row:
    if row.origin is None:
        return row
    before, theirs = base[row.origin].values, fresh[row.origin].values
    values = _merge_values(before, theirs, row.values, conflicts, f"{name}.{row.origin}.")
    return Row(origin=row.origin, values=values)


def _items(name: str, rows: tuple[Row, ...]) -> list[Any]:
    return [row.values.get(IDENTITY.get(name, "")) for row in rows]
