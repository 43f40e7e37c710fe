"""The fields of an STDF file as Semi-ATE-STDF reads them, in a Python of its own: `python stdf_peer.py FILE`.

Prints a line of JSON for each record: its name, then its fields. `--only-read FILE` reads every field and
prints the seconds that it took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any


def records(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records with their fields."""
    import Semi_ATE.STDF  # type: ignore[import-not-found]  # noqa: PLC0415 - only that Python has it

    for record in Semi_ATE.STDF.records_from_file(path, unpack=True):
        yield record.id, {name: record.get_value(name) for name in record.fields if name[:4] != "REC_"}


def main() -> None:
    """Read and print."""
    began = time.perf_counter()
    if sys.argv[1] == "--only-read":
        count = sum(1 for _record in records(sys.argv[2]))
        print(json.dumps({"seconds": time.perf_counter() - began, "records": count}))
        return
    for name, fields in records(sys.argv[1]):
        print(json.dumps([name, fields], default=str))


if __name__ == "__main__":
    main()
