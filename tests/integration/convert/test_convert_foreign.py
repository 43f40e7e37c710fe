"""Converter classes of the published client run unchanged: its package lies in the peer's environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).with_name("foreign")


def driven(peer: str, options: dict[str, Any], *files: Path) -> dict[str, Any]:
    """What the converter makes of each file, in a process that has the client's packages."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([peer, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    folder = files[0].parent / "converters"
    folder.mkdir()
    (folder / "bench_rig.py").write_text((HERE / "bench_rig.py").read_text())
    command = [
        sys.executable,
        str(HERE / "drive.py"),
        site,
        str(folder),
        json.dumps(options),
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    contents = {
        "SN-1.rig": "rig 4\nvcc=5.01\nnoise=0.25",
        "SN-2.rig": "rig 4\nbroken",
        "SN-3.rig": "rig 4\nlater",
        "SN-4.txt": "rig 4\nvcc=1",
        "SN-5.rig": "other",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return [tmp_path / name for name in contents]


def test_it_runs_unchanged(peer: str, files: list[Path]) -> None:
    found = driven(peer, {"process_code": 10}, *files)
    assert found["info"] == {
        "name": "bench-rig-old",
        "version": "2.1",
        "summary": "Runs RigConverter, written for pywats-api.",
    }
    good, broken, later, other_name, other_content = found["answers"]
    [report] = good["reports"]
    assert (report["sn"], report["pn"], report["rev"], report["processCode"]) == ("SN-1", "BRD-7", "A", 10)
    assert (report["type"], report["result"], report["machineName"]) == ("T", "P", "TEST")
    assert [step["name"] for step in report["root"]["steps"]] == ["vcc", "noise"]
    assert report["root"]["steps"][0]["numericMeas"][0]["value"] == 5.01
    assert broken["error"] == "ConversionError: line 2 is broken. Its own log may say more."
    assert later["error"].startswith("SourceBusyError: the rig still writes")
    assert [one["sure"] for one in (good, other_name, other_content)] == [90, 0, 0]


def test_its_arguments_are_an_option(peer: str, files: list[Path]) -> None:
    [found] = driven(peer, {"arguments": {"operation": 30}}, files[0])["answers"]
    assert found["reports"][0]["processCode"] == 30


def test_what_it_does_not_say_is_asked_for(peer: str, files: list[Path]) -> None:
    [found] = driven(peer, {}, files[0])["answers"]
    assert "Set the converter's option process_code" in found["error"]
