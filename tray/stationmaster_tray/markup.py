"""PURE: text of others (files, servers, converters) where Qt or a desktop might read it as markup.

Qt guesses: text with a tag in it is HTML, and HTML can name a picture on a share that hangs, or imitate a
message of ours. So each such tool tip is made by `tip`; a test looks for others.
"""

from __future__ import annotations

import html

TIP_MAX = 2000
"""Characters of a tool tip: more would not fit on the screen."""

_BRACKETS = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)


def tip(text: str) -> str:
    """A tool tip that shows `text` as it is, with its lines; "" for none."""
    if not text:
        return ""
    return f"<p style='white-space:pre-wrap'>{html.escape(_cut(text, TIP_MAX))}</p>"


def unmarked(text: str, most: int = TIP_MAX) -> str:
    """One text for all desktops: some read markup in tool tips of icons and in notifications, others none.

    Escapes would be seen where none is read; brackets that only look like those of a tag are right in both.

    Args:
        text: of others, or ours around it.
        most: characters that there is room for.
    """
    return _cut(text, most).translate(_BRACKETS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
