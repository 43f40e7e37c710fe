"""A tester that writes a folder for each unit, and what is to become of it (see `data/plugins/rack.py`)."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from stationmaster.api.identity import report_id

PLUGIN = Path(__file__).parent.parent / "data" / "plugins" / "rack.py"
MARKER = "done.txt"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def record(serial: str, volts: float = 5.0) -> bytes:
    """The `result.csv` of a unit."""
    return f"{serial},2026-03-02 08:15:30,kim\nVCC,{volts},4.75,5.25\n".encode()


def unit(root: Path, serial: str, *, done: bool = True, content: bytes | None = None) -> Path:
    """Write a whole unit; its folder."""
    folder = root / serial
    (folder / "pictures").mkdir(parents=True)
    (folder / "result.csv").write_bytes(record(serial) if content is None else content)
    (folder / "pictures" / "top.png").write_bytes(PNG + serial.encode())
    (folder / "wave-1.csv").write_text("0,0.0\n1,2.1\n2,0.4\n")
    if done:
        (folder / MARKER).touch()
    return folder


def expected_id(instance: UUID, serial: str) -> str:
    """The id of the unit's report."""
    return report_id(instance, "rack", record(serial), 0)


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
