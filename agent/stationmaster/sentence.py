"""Sentences put together: what others said within ours, with one full stop at its end."""

from __future__ import annotations

_ENDS = (".", "!", "?", "\N{HORIZONTAL ELLIPSIS}", '."', '!"', '?"', ".)")


def closed(text: str) -> str:
    """`text` with a full stop at its end, where it has none; "" stays."""
    text = _once(text)
    return text if not text or text.endswith(_ENDS) else f"{text}."


def joined(*parts: str) -> str:
    """Each part as a sentence, those that say nothing left out.

    The last one ends as it is: a command that is to be copied has no full stop.
    """
    said = [part for part in parts if part.strip()]
    return " ".join([*map(closed, said[:-1]), *map(_once, said[-1:])])


def an(noun: str) -> str:
    """`noun` with "a" or "an" by its first letter; by the letter's name where it is spelt, as XML is."""
    spelt = noun.isupper() or noun.lower() in _SPELT
    letters = "aefhilmnorsx" if spelt else "aeiou"
    return f"{'an' if noun[:1].lower() in letters else 'a'} {noun}"


_SPELT = {"xml", "html", "http", "sql"}
"""Words that are spelt though they stand in small letters."""


def _once(text: str) -> str:
    text = text.strip()
    return f"{text.rstrip('.')}." if text.endswith("..") and not text.endswith("...") else text
