"""Packing a day is killed at each of its durable calls, then done again: each content is there, once."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.station import needs_strace
from stationmaster.archive.look import holding
from stationmaster.archive.pack import pack_day

CALLS = ("rename", "unlink", "fsync", "write", "rmdir")
DAY = "2026-11-27"
PROGRAM = (
    "import sys; from pathlib import Path; from stationmaster.archive.pack import pack_day;"
    f" pack_day(Path(sys.argv[1]), '{DAY}')"
)
LOOSE = {"a.txt": b"first", "b.txt": b"other" * 5000, "c.txt": b"third"}


def fresh(root: Path) -> None:
    """A day that nobody packed yet."""
    shutil.rmtree(root, ignore_errors=True)
    (root / DAY).mkdir(parents=True)
    for name, content in LOOSE.items():
        (root / DAY / name).write_bytes(content)


def late(root: Path) -> None:
    """A day that is packed; the same files come late, one of them with other content."""
    fresh(root)
    (root / DAY / "b.txt").write_bytes(b"second")
    pack_day(root, DAY)
    (root / DAY).mkdir()
    for name, content in LOOSE.items():
        (root / DAY / name).write_bytes(content)


def held(root: Path) -> list[tuple[str, bytes, bool]]:
    """All that is archived: own name, content, and whether it is packed."""
    path = root / f"{DAY}.zip"
    with holding(root / DAY, path if path.is_file() else None) as found:
        return sorted((one.name, found.read(one), one.member is not None) for one in found.files())


def killed(root: Path, call: str, number: int) -> bool:
    """Pack in a child that dies at the n-th call of a kind about the archive; False if it does not."""
    about = [root, root / DAY, root / f"{DAY}.zip", root / f".stationmaster-{DAY}.zip.part"]
    about += [root / DAY / name for name in LOOSE]
    paths = [word for path in about for word in ("-P", str(path))]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", f"trace={call}",
         "-e", f"inject={call}:signal=KILL:when={number}", sys.executable, "-B", "-c", PROGRAM, str(root)],
        capture_output=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode == -9


def kills(root: Path, scene: Callable[[Path], None]) -> Iterator[str]:
    for call in CALLS:
        for number in itertools.count(1):
            scene(root)
            if not killed(root, call, number):
                break
            yield f"{call} {number}"


@pytest.mark.parametrize(("scene", "least"), [(fresh, 9), (late, 9)])
def test_a_kill_at_each_call_of_packing_loses_and_doubles_nothing(
    tmp_path: Path, scene: Callable[[Path], None], least: int
) -> None:
    needs_strace()
    root = tmp_path / "archive"
    scene(root)
    expected = {(name, content) for name, content, _ in held(root)}
    count = 0
    for at in kills(root, scene):
        count += 1
        after_kill = held(root)
        assert {(name, content) for name, content, _ in after_kill} == expected, f"lost at {at}"
        pack_day(root, DAY)
        after = held(root)
        assert sorted((name, content) for name, content, _ in after) == sorted(expected), at
        assert all(packed for *_, packed in after), at
        assert sorted(one.name for one in root.iterdir()) == [".stationmaster-pack.lock", f"{DAY}.zip"], at
    assert count >= least, "the walk missed some calls"
