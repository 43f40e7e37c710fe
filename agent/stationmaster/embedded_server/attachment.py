"""The files inside a report: steps carry one each (UUT), a report a list (UUR and UUT)."""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file.

    Attributes:
        id: the one the report gives, else derived from report and position, so that it stays the same.
        from_step: True when a step carries it, False for one of the report as a whole.
        step_id: number of that step, None where it has none.
        encoded: the content as the report has it, base64.
    """

    id: str
    name: str
    content_type: str
    encoded: str
    step_id: int | None = None
    from_step: bool = False

    @property
    def content(self) -> bytes:
        """The content; b"" where it is no base64."""
        try:
            return base64.b64decode(self.encoded)
        except (binascii.Error, ValueError):
            return b""

    @property
    def size(self) -> int:
        """Bytes of the content, near enough to show."""
        return len(self.encoded) * 3 // 4 - self.encoded[-2:].count("=")


def list_attachments(data: dict[str, Any]) -> list[Attachment]:
    """All attachments with content, those of the report first, then the steps' in file order."""
    whole = data.get("binaryData")
    found = [
        _read(data, f"report/{place}", one)
        for place, one in enumerate(whole if isinstance(whole, list) else [])
        if isinstance(one, dict) and isinstance(one.get("data"), str)
    ]
    found += [
        replace(_read(data, f"step/{place}", one), step_id=step_id, from_step=True)
        for place, step_id, one in _of_steps(data)
    ]
    return found


def _of_steps(data: dict[str, Any]) -> Iterator[tuple[int, int | None, dict[str, Any]]]:
    waiting = [data.get("root")]
    place = 0
    while waiting:
        step = waiting.pop()
        if not isinstance(step, dict):
            continue
        place += 1
        one = step.get("attachment")
        if isinstance(one, dict) and isinstance(one.get("data"), str):
            yield place, _step_id(step.get("id")), one
        children = step.get("steps")
        waiting.extend(reversed(children if isinstance(children, list) else []))


def _step_id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _read(data: dict[str, Any], place: str, one: dict[str, Any]) -> Attachment:
    given = str(one.get("id") or "")
    derived = str(uuid5(NAMESPACE_OID, f"{data.get('id')}/{place}"))
    return Attachment(
        id=given.lower() if _is_id(given) else derived,
        name=str(one.get("name") or "attachment"),
        content_type=str(one.get("contentType") or "application/octet-stream"),
        encoded=one["data"],
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def file_name(text: str, *, fallback: str = "attachment") -> str:
    """A name that is safe as a file's name on any system: no folders, no control characters."""
    # both kinds of slashes, and what Windows refuses
    last = re.split(r"[/\\]", text)[-1]
    safe = re.sub(r'[\x00-\x1f\x7f-\x9f<>:"|?*\ud800-\udfff]', "_", last).strip(" .")
    return safe[:150] or fallback


def pack(attachments: list[Attachment]) -> bytes:
    """A zip of the attachments; equal names become "name (2).ext"."""
    buffer = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in attachments:
            # a fixed date: the same report always gives the same bytes
            member = zipfile.ZipInfo(_unique(file_name(one.name), taken), (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, one.content)
    return buffer.getvalue()


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, extension = name.rpartition(".")
    stem, suffix = (stem, dot + extension) if stem else (name, "")
    candidate, count = name, 1
    while candidate.lower() in taken:
        count += 1
        candidate = f"{stem} ({count}){suffix}"
    taken.add(candidate.lower())
    return candidate
