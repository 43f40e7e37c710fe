"""The account of a fault run: what was written, what must come of it, and where each file must lie.

`Inbox` is a watch folder as test equipment sees it; whatever goes in is entered in the `Account`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID

from fakes.equipment import Made
from fakes.oracle import Seen
from stationmaster.archive.child import OWNER

After = Literal["keep", "archive", "move", "delete"]
REASON = ".reason.txt"


@dataclass
class Written:
    """A file that a tester wrote.

    Attributes:
        path: where; digest: its content when it was complete.
        ends: what must become of it.
    """

    path: Path
    digest: str
    ends: Literal["taken", "error"] = "taken"


@dataclass
class Account:
    """What one instance must have delivered.

    Attributes:
        expected: serial number by report id.
        revised: ids that may come with several payloads, and how many.
    """

    instance: UUID
    expected: dict[str, str] = field(default_factory=dict)
    revised: dict[str, int] = field(default_factory=dict)

    def enter(self, made: Made) -> dict[str, str]:
        """These reports are expected from now on; returns them."""
        ids = made.ids(self.instance)
        self.expected.update(ids)
        return ids

    def faults(self, seen: Iterable[Seen]) -> list[str]:
        """Reports lost, invented, doubled, or with other contents than they should have; best none."""
        payloads: dict[str, Counter[str]] = {}
        for one in seen:
            if one.committed:
                payloads.setdefault(one.report_id, Counter())[one.digest] += 1
        lost = self.expected.keys() - payloads.keys()
        invented = payloads.keys() - self.expected.keys()
        wrong = [f"lost {name} of {self.expected[name]}" for name in sorted(lost)]
        wrong += [f"invented {name}" for name in sorted(invented)]
        for name, digests in payloads.items():
            most = self.revised.get(name, 1)
            if len(digests) != most:
                wrong.append(f"{name}: {len(digests)} payloads instead of {most}")
        return wrong


class Inbox:
    """A watch folder. The names that it makes up never repeat."""

    def __init__(self, path: Path, account: Account, *, after: After, target: Path, errors: Path) -> None:
        self.path = path
        self.account = account
        self.after = after
        self.target = target
        self.errors = errors
        self.written: list[Written] = []
        self._numbers = itertools.count(1)

    def drop(self, made: Made, name: str = "") -> dict[str, str]:
        """Write a file elsewhere and rename it into place, as careful software does; its ids."""
        path = self._path(name, made)
        hidden = path.with_name(f".{path.name}.part")
        hidden.write_bytes(made.content)
        return self._placed(hidden, path, made)

    def write(self, made: Made, name: str = "") -> dict[str, str]:
        """Write a file where it belongs, over one of that name; its ids."""
        path = self._path(name, made)
        path.write_bytes(made.content)
        return self._enter(path, made)

    def append(self, made: Made, name: str) -> dict[str, str]:
        """Append to a file, as loggers do; its new ids. `made` holds the whole file."""
        path = self.path / name
        old = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(made.content[old:])
        return self._enter(path, made)

    async def trickle(self, made: Made, name: str = "", *, pieces: int = 4, pause: float = 0.5) -> None:
        """Write a file in pieces with pauses that are longer than the settle time."""
        path, content = self._path(name, made), made.content
        for number in range(pieces):
            with path.open("ab") as file:
                file.write(content[number * len(content) // pieces : (number + 1) * len(content) // pieces])
            if number < pieces - 1:
                await asyncio.sleep(pause)
        self._enter(path, made)

    def spoil(self, content: bytes, name: str) -> Path:
        """Drop a file that nothing good can come of."""
        path = self.path / name
        hidden = path.with_name(f".{name}.part")
        hidden.write_bytes(content)
        hidden.replace(path)
        self.written.append(Written(path, _digest(content), "error"))
        return path

    def faults(self) -> list[str]:
        """Files that are not where they belong; best none. Only the last version of a name is looked for."""
        last = {one.path: one for one in self.written}
        here = dict(_contents(self.path.iterdir()))
        wrong: list[str] = []
        for path, one in last.items():
            stays = self.after == "keep"
            if stays != (path in here):
                wrong.append(f"{path} {'is gone' if stays else 'still lies there'}")
            elif stays and here[path] != one.digest:
                wrong.append(f"{path} was changed")
        wrong += [f"{path} was left behind" for path in here if path not in last]
        if self.after in {"archive", "move"}:
            wrong += _compare(self.target, Counter(one.digest for one in self.written if one.ends == "taken"))
        return wrong

    def _path(self, name: str, made: Made) -> Path:
        return self.path / (name or f"{made.kind}-{next(self._numbers):05}.{made.kind}")

    def _placed(self, hidden: Path, path: Path, made: Made) -> dict[str, str]:
        # entered first: the agent may be quicker than the next line
        ids = self._enter(path, made)
        hidden.replace(path)
        return ids

    def _enter(self, path: Path, made: Made) -> dict[str, str]:
        self.written.append(Written(path, _digest(made.content)))
        return self.account.enter(made)


def error_faults(errors: Path, inboxes: Iterable[Inbox]) -> list[str]:
    """The error folder holds each failed file once, with its reason beside it, and nothing else."""
    failed = Counter(one.digest for box in inboxes for one in box.written if one.ends == "error")
    wrong = _compare(errors, failed)
    for path in _files(errors):
        reason = path.with_name(path.name + REASON)
        if not path.name.endswith(REASON) and not (reason.exists() and reason.read_text().strip()):
            wrong.append(f"{path} has no reason beside it")
    return wrong


def _compare(folder: Path, expected: Counter[str]) -> list[str]:
    """Every file once, none overwritten, none twice."""
    found = Counter(digest for path, digest in _contents(_files(folder)) if not path.name.endswith(REASON))
    if found == expected:
        return []
    return [f"{folder}: {sum((expected - found).values())} missing, {sum((found - expected).values())} over"]


def _contents(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Each file with its digest; one that is moved away meanwhile is not there."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            yield path, _digest(path.read_bytes())


def _files(folder: Path) -> list[Path]:
    """Every file, but the mark that an instance leaves in its archive."""
    found = folder.rglob("*") if folder.is_dir() else ()
    return [path for path in found if path.is_file() and not path.name.startswith(OWNER)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
