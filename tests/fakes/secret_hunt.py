"""Looks for a secret in bytes, in each form that a file might keep. Shares no code with what hides it."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

PASSWORD = "Hq7+vK/29-xW4zP"
TOKEN = base64.b64encode(f"line-token:{PASSWORD}".encode()).decode()
"""A token as a server gives it out."""


def forms(secret: str) -> Iterator[bytes]:
    """How a file may keep it."""
    texts = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), secret.replace("/", "\\/")}
    texts |= {text.lower() for text in texts if "%" in text}
    raw = secret.encode()
    texts.add(raw.hex())
    for before in range(3):  # wherever it begins within a longer text, these letters are the same
        coded = base64.b64encode(b"x" * before + raw + b"xx").decode()
        begin, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        texts |= {coded[begin:end], coded[begin:end].replace("+", "-").replace("/", "_")}
    for text in texts:
        for code in ("utf-8", "utf-16-le", "utf-16-be"):
            yield text.encode(code)


def found_in(files: Mapping[str, bytes], *secrets: str) -> list[tuple[str, str]]:
    """Which files hold which secret."""
    return [
        (name, secret)
        for name, content in files.items()
        for secret in secrets
        if any(form in content or form in name.encode() for form in forms(secret))
    ]


def files_below(folder: Path) -> dict[str, bytes]:
    """All files, by their names."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def files_of(bundle: bytes) -> dict[str, bytes]:
    """All files of a zip, and the zip's own bytes."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        assert opened.testzip() is None
        return {"": bundle, **{name: opened.read(name) for name in opened.namelist()}}
