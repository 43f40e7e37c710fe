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
    cut = text if len(text) <= TIP_MAX else f"{text[:TIP_MAX]}…"
    return f"<p style='white-space:pre-wrap'>{html.escape(cut)}</p>"


def unmarked(text: str) -> str:
    """Text for a desktop's panel, some of which read markup and some of which would show its escapes."""
    return text.translate(_BRACKETS)
