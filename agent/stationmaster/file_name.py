"""File names that are no Unicode text: how people see them, and how they travel as JSON.

On Linux a name is any bytes. Python keeps the bytes that are no text as lone surrogates, and no encoder
takes those: each text that leaves the agent must be without them, and each path must come back as it was.
"""

from __future__ import annotations

import os
from pathlib import Path


def shown(text: str) -> str:
    r"""`text` as it can be stored, sent and printed: a byte that is no Unicode text shows as `\xe9`."""
    if text.isascii():
        return text
    try:
        return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # half a character, as Windows and JSON allow it
        return text.encode(errors="backslashreplace").decode()


def to_wire(name: str | Path) -> str:
    """The bytes of a name or path, each as one character."""
    return os.fsencode(name).decode("latin-1")


def from_wire(text: str) -> str:
    """The name back."""
    return os.fsdecode(text.encode("latin-1"))
