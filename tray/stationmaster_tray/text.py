"""All texts that people see go through here: Qt's translation, with named places for values.

`tr("{count} reports wait", count=3)` looks up the sentence as it stands in the source, then fills it in.
A translation may put the places in another order. Numbers and times come formatted by the locale.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

CONTEXT = "stationmaster"

NONE = "\N{EN DASH}"
"""Stands where there is no value."""


def tr(text: str, /, **values: object) -> str:
    """`text` in the user's language, with `values` in its places."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**values) if values else found


def plural(count: int, one: str, many: str, /, **values: object) -> str:
    """The form of a sentence for `count`: `one` or `many` in English, a language's own forms elsewhere.

    A translation has one entry for both, under `many`, with as many forms as its language has.
    """
    found = QCoreApplication.translate(CONTEXT, many, "", count)
    if found == many and count == 1:  # not translated
        found = one
    return found.format(count=number(count), **values)


def number(value: float, decimals: int = 0) -> str:
    """A number as the locale writes it."""
    if decimals:
        return QLocale().toString(float(value), "f", decimals)
    return QLocale().toString(round(value))


def clock(at: datetime, now: datetime, *, seconds: bool = False) -> str:
    """A moment in local time: the time of day, with the day where that is not today."""
    local, today = at.astimezone(), now.astimezone()
    if seconds:
        time = QTime(local.hour, local.minute, local.second).toString("HH:mm:ss")
    else:
        time = QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)
    if local.date() == today.date():
        return time
    return tr("{day} {time}", day=day(local), time=time)


def day(at: datetime) -> str:
    """A moment's day as the locale writes it; without a locale as ISO 8601: Qt would write "28 11 2026"."""
    locale = QLocale()
    if locale.language() is QLocale.Language.C:
        return f"{at:%Y-%m-%d}"
    return locale.toString(QDate(at.year, at.month, at.day), QLocale.FormatType.ShortFormat)


def span(length: timedelta) -> str:
    """A length of time in the one or two units that matter."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 90:
        return tr("{count} s", count=number(seconds))
    if seconds < 5400:
        return tr("{count} min", count=number(seconds // 60))
    if seconds < 2 * 86400:
        return tr("{count} h", count=number(seconds // 3600))
    return tr("{count} days", count=number(seconds // 86400))


def result(code: str) -> str:
    """A report's result in words; the letters are those of the report format."""
    words = {
        "P": tr("Passed"),
        "F": tr("Failed"),
        "E": tr("Error"),
        "T": tr("Terminated"),
        "D": tr("Done"),
        "S": tr("Skipped"),
        "": NONE,
    }
    return words.get(code, code)


def size(count: int) -> str:
    """Bytes as the locale writes them."""
    return QLocale().formattedDataSize(count)
