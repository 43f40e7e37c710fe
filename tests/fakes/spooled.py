"""Reports and source files as a conversion would hand them to the spool."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path

from stationmaster.model import Lane, ReportMeta, SourceState
from stationmaster.spool import TakenSource

NAMESPACE = uuid.UUID("7d0e1c6e-5a3f-4c50-9a43-4f2f3f1b0a11")


def report_id(name: object) -> str:
    """A stable report id for a name."""
    return str(uuid.uuid5(NAMESPACE, str(name)))


def payload_of(name: object, size: int = 200) -> bytes:
    """A stable payload for a name."""
    head = f'{{"name":"{name}"}}'.encode()
    return head + b" " * max(0, size - len(head))


def meta_of(
    name: object, payload: bytes | None = None, *, report: str = "", serial: str = "", offset: int = 0
) -> ReportMeta:
    """The meta of a report."""
    content = payload_of(name) if payload is None else payload
    return ReportMeta(
        report_id=report or report_id(name),
        serial_number=serial or f"SN-{name}",
        part_number="PN-1",
        process_code=10,
        result="P",
        start="2026-01-01T00:00:00",
        offset=offset,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
    )


def write_results(
    path: Path, names: Sequence[object], *, payloads: Sequence[bytes] | None = None
) -> list[ReportMeta]:
    """Write a worker's result file; the metas of its reports."""
    metas: list[ReportMeta] = []
    offset = 0
    contents = [payload_of(name) for name in names] if payloads is None else list(payloads)
    with path.open("wb") as file:
        for name, content in zip(names, contents, strict=True):
            file.write(content)
            metas.append(meta_of(name, content, offset=offset))
            offset += len(content)
    return metas


def source_of(
    path: str | Path,
    *,
    digest: str = "d1",
    size: int = 10,
    mtime_ns: int = 1,
    folder: str = "/in",
    after: str = "move",
    lane: Lane = Lane.LIVE,
    resume: bytes | None = None,
    source_id: int = 0,
) -> TakenSource:
    """A source file that was read."""
    return TakenSource(
        state=SourceState(path=Path(path), size=size, mtime_ns=mtime_ns),
        digest=digest,
        converter="wsjf",
        lane=lane,
        folder=folder,
        after=after,
        resume=resume,
        source_id=source_id,
    )
