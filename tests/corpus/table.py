"""The page `docs/formats.md`: what the built-in converters made of real files, counted in this run.

`python tests/corpus/table.py --write docs/formats.md` makes it anew; `--check` says whether it is current.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus.oracle import Oracle, convert, counts, oracles

_HEAD = """# Formats

What the built-in converters make of real files: {files} files of test equipment and test programs from all
over the world, of which {refused} must not become a report. The test suite converts each of them and compares
serial number, verdict, times, steps, values, limits and units with what the file says.

This page is made by the test run, where these files are. The seconds are of one core, and only tell which
formats are large.

| format | converter | files | reports | steps | measurements | refused | seconds |
|---|---|--:|--:|--:|--:|--:|--:|
"""


def row(corpus: Path, oracle: Oracle) -> tuple[str, ...]:
    """One format's line of the table; the last cell is the time."""
    reports = steps = values = 0
    start = time.perf_counter()
    good = [file for file in oracle.file if file.reports]
    for file in good:
        made = convert(corpus, oracle, file)
        more_steps, more_values = counts(made)
        reports, steps, values = reports + len(made), steps + more_steps, values + more_values
    seconds = time.perf_counter() - start
    name = f"[`{oracle.converter}`](converters/{oracle.converter}.md)"
    figures = (len(oracle.file), reports, steps, values, len(oracle.file) - len(good))
    return oracle.format, name, *(f"{figure:,}" for figure in figures), f"{seconds:.1f}"


def lines(corpus: Path) -> list[tuple[str, ...]]:
    """The table's rows, by format."""
    return sorted((row(corpus, oracle) for oracle in oracles()), key=lambda cells: cells[0].casefold())


def page(rows: list[tuple[str, ...]]) -> str:
    """The whole page."""
    files = sum(len(oracle.file) for oracle in oracles())
    refused = sum(not file.reports for oracle in oracles() for file in oracle.file)
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    return _HEAD.format(files=files, refused=refused) + table


def without_times(text: str) -> str:
    """The page without the cells that differ from run to run."""
    kept = [line.rsplit("|", 2)[0] if line.startswith("| ") else line for line in text.splitlines()]
    return "\n".join(kept)


def main() -> int:
    """Write the page or compare it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="PAGE")
    what.add_argument("--check", type=Path, metavar="PAGE")
    given = parser.parse_args()
    text = page(lines(Path(os.environ["STATIONMASTER_CORPUS"])))
    if given.write:
        given.write.write_text(text, encoding="utf-8")
        return 0
    return int(without_times(given.check.read_text(encoding="utf-8")) != without_times(text))


if __name__ == "__main__":
    sys.exit(main())
