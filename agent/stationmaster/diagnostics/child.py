"""Makes the bundle of a running agent in a process of its own: it takes seconds of work, and may be killed.

Reads `Sources` as JSON from standard input; writes the pseudonyms as a line of JSON, then the zip.
"""

from __future__ import annotations

import sys

import msgspec

from stationmaster.diagnostics.bundle import make
from stationmaster.diagnostics.source import Sources


def main() -> None:
    """Make one bundle."""
    sources = msgspec.json.decode(sys.stdin.buffer.read(), type=Sources)
    made = make(sources)
    sys.stdout.buffer.write(msgspec.json.encode(made.names) + b"\n" + made.content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
