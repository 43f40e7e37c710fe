"""PURE: what a replay found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stationmaster.control.command_answer import Replayed, ReplayPlan
from stationmaster_tray.text import number, plural, tr
from stationmaster_tray.widgets.plain_table import Line


def sides(plan: ReplayPlan) -> str:
    """What is compared."""
    return tr(
        "{present} {old} as it is now, against {converter} {new}",
        present=plan.present,
        old=plan.present_version,
        converter=plan.converter,
        new=plan.version,
    )


def kind(one: Replayed) -> str:
    """What became of a file: by sign and word."""
    if one.count:
        return plural(one.count, "≠ {count} value differs", "≠ {count} values differ")
    if one.alike:
        return tr("✓ Alike")
    if one.old and one.new:
        return tr("≠ Neither reads it, for other reasons")
    return tr("✗ Only the one of now reads it") if one.new else tr("+ Only the other one reads it")


def line(one: Replayed) -> Line:
    """A file in the list of those that differ."""
    lost = bool(one.new) and not one.old
    return Line(cells=(one.name, kind(one)), colour="call" if lost else "", item=one)


def said(one: Replayed) -> Iterator[str]:
    """What the two say of a file, where they do not both read it."""
    if one.old != one.new:
        yield tr("Now: {text}", text=one.old or tr("reads it"))
        yield tr("Other version: {text}", text=one.new or tr("reads it"))


def changes(one: Replayed) -> list[Line]:
    """The differences of a file: place, now, other."""
    rows = [(value.path, value.old, value.new) for value in one.differences]
    more = one.count - len(rows)
    if more > 0:
        rows.append((tr("… and {count} more", count=number(more)), "", ""))
    return [Line(cells=row) for row in rows]


def summary(found: Sequence[Replayed], total: int) -> str:
    """Counts; `total` files were to be compared."""
    alike = sum(one.alike for one in found)
    values = sum(bool(one.count) for one in found)
    lost = sum(bool(one.new) and not one.old for one in found)
    won = sum(bool(one.old) and not one.new for one in found)
    other = len(found) - alike - values - lost - won
    if len(found) < total:
        parts = [tr("{count} of {total} files", count=number(len(found)), total=number(total))]
    else:
        parts = [plural(total, "{count} file", "{count} files")]
    parts.append(tr("✓ {count} alike", count=number(alike)))
    if values:
        parts.append(tr("≠ {count} with other values", count=number(values)))
    if lost:
        parts.append(
            plural(lost, "✗ {count} only the one of now reads", "✗ {count} only the one of now reads")
        )
    if won:
        parts.append(tr("+ {count} only the other one reads", count=number(won)))
    if other:
        parts.append(tr("≠ {count} neither reads, for other reasons", count=number(other)))
    return ", ".join(parts)


def as_text(plan: ReplayPlan, found: Sequence[Replayed]) -> Iterator[str]:
    """All of it as text, a line each."""
    yield sides(plan)
    yield summary(found, plan.files)
    for one in found:
        if not one.alike:
            yield ""
            yield f"{one.name}: {kind(one)}"
            yield from (f"    {text}" for text in said(one))
            for row in changes(one):
                place, old, new = row.cells
                yield f"    {place}: {old} → {new}" if old or new else f"    {place}"
