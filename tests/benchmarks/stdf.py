"""STDF: our reader against Semi-ATE-STDF, which is pure Python too; and memory for a file of 200 MB.

STATIONMASTER_PYWATS_PYTHON names the interpreter that has Semi-ATE-STDF; `make peer` makes it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import row as rows
from fakes import stdf
from stationmaster.api import Report
from stationmaster.api.testing import options_of, source_of
from stationmaster.converters.stdf import StdfConverter
from stationmaster.converters.stdf_parts import Parts
from stationmaster.converters.stdf_stream import Records, opened

ROUNDS = 3
LARGE_BYTES = 200_000_000
PEER = Path(__file__).with_name("stdf_peer.py")


def read(path: Path) -> None:
    """Read every record, and each result with limits, unit and name."""
    with opened(source_of(path)) as file:
        for _part in Parts(Records(file, path.name)):
            pass


def reports(path: Path) -> int:
    """Make all reports of a file, one at a time; how many."""
    converter = StdfConverter()
    options = options_of(converter, {"process_code": 10})
    return sum(isinstance(one, Report) for one in converter.convert(source_of(path), options, None))


def seconds(python: str, path: Path) -> tuple[float, float, float] | None:
    """One round in turns: our reading, our reports, their reading; None where they are not there."""
    began = time.perf_counter()
    read(path)
    middle = time.perf_counter()
    reports(path)
    ended = time.perf_counter()
    done = subprocess.run([python, str(PEER), "--only-read", str(path)], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        return None
    return middle - began, ended - middle, json.loads(done.stdout)["seconds"]


def write_large(path: Path) -> int:
    """A file of `LARGE_BYTES`: many parts that differ by their serial number alone; how many."""
    first, both = stdf.large(1, 200), stdf.large(2, 200)
    end = stdf.Stdf().mrr().bytes()[6:]
    part = both[len(first) - len(end) : -len(end)]
    count = LARGE_BYTES // len(part)
    with path.open("wb") as file:
        file.write(first[: -len(end)])
        for number in range(1, count):
            file.write(part.replace(b"SN-000001", b"SN-%06d" % number))
        file.write(end)
    return count


def measure_memory(path: Path, count: int) -> float:
    """Most memory in MB of a process that makes the reports of the file."""
    done = subprocess.run(
        [sys.executable, __file__, "--reports", str(path)], stdout=subprocess.PIPE, check=True
    )
    told = json.loads(done.stdout)
    if told["reports"] != count:
        raise SystemExit(f"stdf: {told['reports']} reports of {count} parts")
    print(f"stdf: {LARGE_BYTES / 1e6 / told['seconds']:.1f} MB/s made into reports, the large file")
    return float(told["memory"])


def child(path: Path) -> None:
    """Make the reports and print what that took."""
    import resource  # noqa: PLC0415 - only POSIX has it

    began = time.perf_counter()
    count = reports(path)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"reports": count, "seconds": time.perf_counter() - began, "memory": memory}))


def main() -> int:
    """Measure and print; the exit code."""
    python = os.environ.get("STATIONMASTER_PYWATS_PYTHON", "")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.stdf", Path(folder) / "large.stdf"
        small.write_bytes(stdf.large(100, 100))
        rounds = [seconds(python, small) for _ in range(ROUNDS)] if python and Path(python).exists() else []
        costs = [one for one in rounds if one]
        if costs:
            size = small.stat().st_size / 1e6
            for name, at in (("read", 0), ("made into reports", 1), ("read by Semi-ATE-STDF", 2)):
                print(f"stdf: {size / statistics.median(one[at] for one in costs):.2f} MB/s {name}")
            found.append(rows.STDF_READ.tell(statistics.median(one[2] / one[0] for one in costs)))
            found.append(rows.STDF_REPORTS.tell(statistics.median(one[2] / one[1] for one in costs)))
        else:
            print("stdf: Semi-ATE-STDF is not here: `make peer` installs it")
        count = write_large(large)
        found.append(rows.STDF_MEMORY.tell(measure_memory(large, count)))
    return 0 if all(found) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reports"]:
        child(Path(sys.argv[2]))
    else:
        sys.exit(main())
