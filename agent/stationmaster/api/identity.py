"""Report ids: the same record gives the same id, however often it is converted."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5


def report_id(
    instance_id: UUID, converter: str, record: bytes, ordinal: int, mtime_ns: int | None = None
) -> str:
    """Derive the id of a report whose source names none.

    UUIDv5 in the namespace `instance_id`; its name is the hex SHA-256 over these fields, each led by
    its length as 8 bytes, big-endian, so that no two lists of fields look alike:

    1. the converter's name, UTF-8, without its version: a mended converter keeps the ids;
    2. SHA-256 of the record (32 bytes);
    3. the ordinal among equal records of the file, in decimal;
    4. `mtime_ns` in decimal, or nothing where it is None.

    This form is frozen: changing it would send every report of a reconverted file a second time.

    Args:
        instance_id: the instance's own id.
        converter: name of the converter.
        record: bytes of this unit's own record in the source, the whole file where it holds one unit.
        ordinal: 0 for the first of equal records, 1 for the second, ...
        mtime_ns: the source's mtime, where the record carries no time of its own; else None.
    """
    return report_id_of(instance_id, converter, hashlib.sha256(record).digest(), ordinal, mtime_ns)


def report_id_of(
    instance_id: UUID, converter: str, record_digest: bytes, ordinal: int, mtime_ns: int | None = None
) -> str:
    """The same from the record's SHA-256 digest, for records that nobody wants in memory."""
    fields = (
        converter.encode(),
        record_digest,
        str(ordinal).encode(),
        b"" if mtime_ns is None else str(mtime_ns).encode(),
    )
    name = hashlib.sha256()
    for field in fields:
        name.update(len(field).to_bytes(8, "big"))
        name.update(field)
    return str(uuid5(instance_id, name.hexdigest()))
