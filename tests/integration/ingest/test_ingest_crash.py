"""A release is killed at each of its durable calls, then done again: nothing lost, nothing overwritten."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from stationmaster.ingest import wire
from stationmaster.ingest.release import Release, Standing, Way, release

CALLS = ("rename", "link", "unlink", "fsync", "mkdir", "utimensat", "chmod", "write")
RELEASE = (
    "import json, sys; from stationmaster.ingest import release, wire;"
    " release.release(wire.release_from_wire(json.loads(sys.argv[1])))"
)
NO_LINKS = "import errno, os\ndef link(*_): raise PermissionError(errno.EPERM, 'no')\nos.link = link\n"
MTIME = 1_700_000_000_123_456_789


def strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not strace_works(), reason="strace cannot trace here"
)


@dataclass
class Scene:
    """A file to release, with others in its way."""

    root: Path
    out: Path
    way: Way
    reason: str = ""
    program: str = RELEASE
    source: Path = field(init=False)
    job: Release = field(init=False)

    def set(self) -> None:
        """Everything as before the release."""
        for folder in (self.root, self.out):
            shutil.rmtree(folder, ignore_errors=True)
        (self.root / "in").mkdir(parents=True)
        self.out.mkdir(parents=True)
        self.source = self.root / "in" / "result.xml"
        self.source.write_bytes(b"the content")
        os.utime(self.source, ns=(MTIME, MTIME))
        (self.out / "result.xml").write_bytes(b"older")
        self.job = Release(
            path=self.source, size=11, mtime_ns=MTIME, way=self.way, folder=self.out, reason=self.reason
        )

    def kills(self) -> Iterator[str]:
        """Release in a child that dies as it enters the n-th call of a kind, for each kind and n there is."""
        for call in CALLS:
            for number in itertools.count(1):
                self.set()
                if not self._killed_at(call, number):
                    break
                yield f"{call} {number}"

    def _killed_at(self, call: str, number: int) -> bool:
        job = msgspec.json.encode(wire.release_to_wire(self.job)).decode()
        # strace counts the calls of each kind by themselves
        done = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:signal=KILL:when={number}",
             sys.executable, "-B", "-c", self.program, job],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, -9), done.stderr.decode()
        return done.returncode == -9

    def contents(self) -> list[tuple[str, bytes]]:
        """All files of both folders."""
        return sorted(
            (str(path), path.read_bytes())
            for folder in (self.root, self.out)
            for path in folder.rglob("*")
            if path.is_file()
        )


def walk(scene: Scene, expected: dict[str, bytes], least: int) -> None:
    """Kill at every durable call in turn; look; do it again; look."""
    kills = 0
    for at in scene.kills():
        kills += 1
        after_kill = scene.contents()
        if scene.way is not Way.DELETE:
            assert b"the content" in [content for _, content in after_kill], f"lost at {at}"
        assert (str(scene.out / "result.xml"), b"older") in after_kill, f"overwritten at {at}"

        released = release(scene.job)

        assert released.standing is Standing.DONE, at
        assert {path: content for path, content in scene.contents() if content != b"older"} == expected, at
        assert release(scene.job) == released, at
    assert kills >= least, "the walk missed some calls"


def test_move(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "a", tmp_path / "b", Way.MOVE)

    walk(scene, {str(scene.out / "result (2).xml"): b"the content"}, 6)


def test_move_with_a_reason(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "a", tmp_path / "b", Way.MOVE, reason="No serial number.")

    walk(
        scene,
        {
            str(scene.out / "result (2).xml"): b"the content",
            str(scene.out / "result (2).xml.reason.txt"): b"No serial number.\n",
        },
        8,
    )


def test_move_to_another_disk(tmp_path: Path, other_disk: Path) -> None:
    scene = Scene(tmp_path / "a", other_disk, Way.MOVE)

    walk(scene, {str(scene.out / "result (2).xml"): b"the content"}, 8)


def test_move_without_hard_links(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "a", tmp_path / "b", Way.MOVE, program=NO_LINKS + RELEASE)

    kills = 0
    for at in scene.kills():
        kills += 1
        release(scene.job)
        kept = {path: content for path, content in scene.contents() if content != b"older" and content}
        # a name reserved but not yet marked as ours stays reserved: an empty file, never another's content
        assert list(kept.values()) == [b"the content"], at
        assert all(path.startswith(str(scene.out)) for path in kept), at
    assert kills >= 6


def test_delete(tmp_path: Path) -> None:
    walk(Scene(tmp_path / "a", tmp_path / "b", Way.DELETE), {}, 3)


def test_copy_of_a_kept_file(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "a", tmp_path / "b", Way.COPY, reason="No.")

    walk(
        scene,
        {
            str(scene.root / "in" / "result.xml"): b"the content",
            str(scene.out / "result (2).xml"): b"the content",
            str(scene.out / "result (2).xml.reason.txt"): b"No.\n",
        },
        8,
    )
