"""A folder in uproar: whatever happens in it, each state that comes to rest is offered exactly once."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from fakes.ingest import Rig, folder_at
from stationmaster.ingest.claim import Outcome


class Uproar:
    """Changes a folder at random, as testers, people and copies do."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)  # noqa: S311 - repeatable, nothing secret
        self.stamp = 1_700_000_000_000_000_000

    def step(self) -> None:
        """One change."""
        files = sorted(path for path in self.root.rglob("*.xml"))
        act = self.random.choice(["new", "new", "sub", "over", "append", "delete", "rename", "old", "other"])
        if act == "sub":
            (self.root / self.random.choice("abc")).mkdir(exist_ok=True)
        elif act in ("new", "other") or not files:
            folder = self.random.choice([self.root, *(path for path in self.root.iterdir() if path.is_dir())])
            name = f"{self.random.randrange(40)}" + (".txt" if act == "other" else ".xml")
            self.write(folder / name, self.random.randrange(1, 100))
        else:
            self.change(act, self.random.choice(files))

    def change(self, act: str, path: Path) -> None:
        if act == "over":
            self.write(path, path.stat().st_size)
        elif act == "append":
            self.write(path, path.stat().st_size + 10)
        elif act == "delete":
            path.unlink()
        elif act == "rename":
            path.replace(path.with_name(f"{self.random.randrange(40)}.xml"))
        else:
            self.write(path, path.stat().st_size + 1, step=-10_000_000_000_000)

    def some(self) -> set[str]:
        """Names, as a watch that misses two of three events would tell them."""
        return {
            str(path.relative_to(self.root)) for path in self.root.rglob("*") if self.random.random() < 0.3
        }

    def states(self) -> list[tuple[Path, int, int]]:
        """What there is at the end."""
        files = [(path, path.stat()) for path in self.root.rglob("*.xml")]
        return [(path, state.st_size, state.st_mtime_ns) for path, state in files]

    def write(self, path: Path, size: int, step: int = 1) -> None:
        path.write_bytes(b"x" * size)
        self.stamp += 1_000_000
        os.utime(path, ns=(self.stamp + step, self.stamp + step))


@pytest.mark.parametrize("seed", range(6))
async def test_each_state_that_rests_is_offered_once(tmp_path: Path, seed: int) -> None:
    uproar = Uproar(tmp_path, seed)
    draw = random.Random(seed + 1000)  # noqa: S311 - repeatable, nothing secret
    seen: dict[tuple[Path, int, int], int] = {}
    async with Rig([folder_at(tmp_path, include=("*.xml",), recursive=True)]) as rig:
        for _ in range(60):
            for _ in range(draw.randrange(4)):
                uproar.step()
            if draw.random() < 0.5:
                rig.watcher._folders[0]._on_change(uproar.some())
            await rig.quiet()
            await rig.go(draw.choice([0.1, 0.5, 1.5, 3.0]), 0.5)
            for claim in rig.take():
                outcome = draw.choices(
                    [Outcome.CONVERTED, Outcome.FAILED, Outcome.BUSY, Outcome.RETURNED, Outcome.CHANGED],
                    [8, 1, 1, 1, 1],
                )[0]
                if outcome in (Outcome.CONVERTED, Outcome.FAILED):
                    key = (claim.state.path, claim.state.size, claim.state.mtime_ns)
                    seen[key] = seen.get(key, 0) + 1
                rig.watcher.done(claim, outcome)
        for _ in range(4):
            await rig.go(30, 1.0)
            for claim in rig.take():
                key = (claim.state.path, claim.state.size, claim.state.mtime_ns)
                seen[key] = seen.get(key, 0) + 1
                rig.watcher.done(claim, Outcome.CONVERTED)

    assert [key for key in uproar.states() if key not in seen] == [], "missed"
    assert all(key[0].suffix == ".xml" for key in seen)
    assert all(count == 1 for count in seen.values()), "offered twice"
