"""Which converters there are, by origin; and what cannot be loaded."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from fakes.clock import FakeClock
from fakes.converting import PLUGINS, Bench
from fakes.waiting import running
from stationmaster.convert import registry
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.job import Conversion, NotYet
from stationmaster.model import ProblemCode


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Bench:
    return Bench(tmp_path, clock)


async def test_the_built_ins_are_there() -> None:
    infos, failures = await list_converters()
    assert not failures
    assert [info.name for info in infos] == list(BUILT_INS)
    for info in infos:
        assert info.origin == "built-in"
        assert info.detects
        assert info.summary
        assert {"part_number", "attach_source"} <= info.option_names


async def test_a_folder_s_converters_are_described(bench: Bench) -> None:
    bench.plug_in("plain.py")
    (bench.folder / "_shared.py").write_text("raise RuntimeError('not a converter')")
    infos, failures = await list_converters(bench.folder)
    assert not failures
    plain = next(info for info in infos if info.name == "plain")
    assert (plain.version, plain.origin, plain.detects, plain.completes) == ("1.2", "file", True, True)
    assert plain.target == f"{bench.folder / 'plain.py'}:Plain"
    assert "suffix" in plain.option_names
    growing = next(info for info in infos if info.name == "growing")
    assert not growing.detects
    assert not growing.completes


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_a_plug_in_whose_name_is_no_text_keeps_no_other_from_working(bench: Bench) -> None:
    bench.plug_in("plain.py")
    (bench.folder / os.fsdecode(b"caf\xe9.py")).write_text("")

    infos, failures = await list_converters(bench.folder)

    assert "plain" in [info.name for info in infos]
    assert [failure.subject for failure in failures] == [r"caf\xe9.py"]


async def test_what_cannot_be_loaded_is_data(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.plug_in("plain.py")
    bench.plug_in(*(f"broken/{name}.py" for name in ("raises", "crashes", "empty", "nameless", "badoptions")))
    (bench.folder / "unready.py").write_text("import os\n\nclass Bench\n    pass\n")
    (bench.folder / "theirs.py").write_text("from pywats_nothing.converters import FileConverter\n")
    bench.plug_in("broken/same.py", "broken/same_as_other.py", "broken/hangs.py")
    monkeypatch.setattr(registry, "IMPORT_TIMEOUT", 5.0)
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool() as pool:
        assert isinstance(await pool.convert(bench.job(path, "plain")), Conversion)
        failures = {failure.subject: failure for failure in pool.failures}
        problems = {problem.subject: problem for problem in pool.problems()}
    expected = {
        "raises.py": "failed with ModuleNotFoundError: No module named 'a_module_that_nobody_has', which is "
        "not installed beside the agent, nor in its folder.",
        "theirs.py": "No module named 'pywats_nothing', which is not installed beside the agent: "
        "pip install pywats-api",
        "unready.py": "failed with SyntaxError: expected ':' (unready.py, line 3): class Bench.",
        "crashes.py": "ended the process: exit code 9",
        "hangs.py": "did not end within 5 s",
        "empty.py": "holds no class with name, version and convert()",
        "nameless.py": "class Nameless has no name",
        "badoptions.py": "options_type of class BadOptions is no subclass",
        "same_as_other.py": "same.py:Other has the same name",
    }
    assert failures.keys() == expected.keys()
    for subject, words in expected.items():
        assert words in failures[subject].text
        assert problems[subject].code is ProblemCode.CONVERTER_FAILING
        assert problems[subject].text == failures[subject].text
    assert "raises.py" in failures["raises.py"].detail


async def test_an_import_that_floods_or_eats_is_data(bench: Bench) -> None:
    bench.folder.mkdir()
    (bench.folder / "floods.py").write_text("while True:\n    print('x' * 1000)\n")
    (bench.folder / "eats.py").write_text("x = [bytearray(64 << 20) for _ in range(64)]\n")
    async with bench.pool(memory_mb=100, output_mb=0.1) as pool:
        await pool.refresh()
        texts = [failure.text for failure in pool.failures]
    assert "wanted too much memory" in texts[0]
    assert "printed without end" in texts[1]


async def test_a_file_wins_over_an_entry_point_and_that_over_a_built_in(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench.root / "site"
    dist = site / "acme-1.0.dist-info"
    dist.mkdir(parents=True)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    points = [
        "junit = acme:JUnit",
        "acme = acme:Acme",
        "plain = acme:Plain",
        "liar = acme:Acme",
        "gone = acme:No",
    ]
    (dist / "entry_points.txt").write_text(
        "\n".join(["[stationmaster.converters]", *points, "no = acme:main"])
    )
    classes = [
        f"class {name.title() if name != 'junit' else 'JUnit'}:\n"
        f"    name, version = {name!r}, '7'\n"
        "    def convert(self, source, options, resume):\n        return []\n"
        for name in ("junit", "acme", "plain")
    ]
    (site / "acme.py").write_text("\n".join([*classes, "def main(): pass"]))
    bench.plug_in("plain.py")
    monkeypatch.setenv("PYTHONPATH", str(site))
    infos, failures = await list_converters(bench.folder)
    found = {info.name: info for info in infos}
    assert (found["acme"].origin, found["acme"].version, found["acme"].target) == (
        "entry point",
        "7",
        "acme:Acme",
    )
    assert found["junit"].origin == "entry point"
    assert found["plain"].origin == "file"
    assert {failure.subject: failure.names for failure in failures} == {
        "liar": ("liar",),
        "gone": ("gone",),
        "no": ("no",),
    }
    texts = " ".join(failure.text for failure in failures)
    assert "listed as 'liar' but its class says 'acme'" in texts
    assert "acme has no 'No'" in texts
    assert "is no class with a method convert()" in texts


async def test_a_missing_converter_holds_its_files_and_is_a_problem(bench: Bench, clock: FakeClock) -> None:
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool(wanted=("plain", "wsjf")) as pool:
        assert not pool.problems(), "nothing is known before the first load"
        held = await pool.convert(bench.job(path, "plain", "nowhere"))
        assert isinstance(held, NotYet)
        assert held.reason == "held"
        assert held.text == "There is no converter plain and no converter nowhere."
        assert [(p.code, p.subject) for p in pool.problems()] == [
            (ProblemCode.CONVERTER_MISSING, "nowhere"),
            (ProblemCode.CONVERTER_MISSING, "plain"),
        ]
        # it comes: no restart is needed
        bench.plug_in("plain.py")
        await clock.advance(registry.LOOK_INTERVAL)
        assert isinstance(await pool.convert(bench.job(path, "plain")), Conversion)
        assert not pool.problems()


async def test_a_changed_converter_is_used_at_once(bench: Bench, clock: FakeClock) -> None:
    bench.plug_in("plain.py")
    plugin = bench.folder / "plain.py"
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool() as pool:
        first = await pool.convert(bench.job(path, "plain"))
        old = [worker.child.pid for worker in pool._crew._all]
        text = plugin.read_text().replace('"P-1"', '"P-2"')
        # the same size, perhaps within the same second: a .pyc would be taken for fresh
        plugin.write_text(text)
        await clock.advance(registry.LOOK_INTERVAL)
        second = await pool.convert(bench.job(path, "plain"))
        assert pool.workers == 1
        assert not any(running(pid) for pid in old if pid)
    assert isinstance(first, Conversion)
    assert isinstance(second, Conversion)
    assert (first.reports[0].part_number, second.reports[0].part_number) == ("P-1", "P-2")
    assert not (bench.folder / "__pycache__").exists()


async def test_a_changed_sub_package_is_used_at_once(bench: Bench, clock: FakeClock) -> None:
    bench.plug_in("plain.py")
    package = bench.folder / "house" / "rules"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "naming.py").write_text("PREFIX = 'a-'\n")
    plugin = bench.folder / "plain.py"
    text = plugin.read_text().replace("line.decode()", "PREFIX + line.decode()")
    plugin.write_text(
        text.replace(
            "from stationmaster.api", "from house.rules.naming import PREFIX\nfrom stationmaster.api"
        )
    )
    path = bench.file("a.txt", "plain\nSN-1\nend")
    serials = []
    async with bench.pool() as pool:
        for prefix in ("a-", "bb-"):
            (package / "naming.py").write_text(f"PREFIX = {prefix!r}\n")
            await clock.advance(registry.LOOK_INTERVAL)
            done = await pool.convert(bench.job(path, "plain"))
            assert isinstance(done, Conversion)
            serials.append(done.reports[0].serial_number)
        loads = pool._registry.generation
        (package / "notes.txt").write_text("no code")
        (bench.folder / "__pycache__").mkdir()
        (bench.folder / "__pycache__" / "plain.py").touch()
        await clock.advance(registry.LOOK_INTERVAL)
        await pool.refresh()
        assert pool._registry.generation == loads
    assert serials == ["a-SN-1", "bb-SN-1"]


def _install(site: Path, version: str) -> None:
    """As pip does it: the old one goes, the new one comes."""
    for old in site.glob("acme-*.dist-info"):
        shutil.rmtree(old)
    text = (PLUGINS / "plain.py").read_text().replace('= "plain"', '= "acme"')
    (site / "acme.py").write_text(text.replace('"P-1"', f'"P-{version}"'))
    dist = site / f"acme-{version}.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n")
    (dist / "entry_points.txt").write_text("[stationmaster.converters]\nacme = acme:Plain\n")


async def test_what_is_installed_upgraded_or_removed_while_the_agent_runs_is_noticed(
    bench: Bench, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench.root / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    path = bench.file("a.txt", "plain\nSN-1\nend")
    parts = []
    async with bench.pool() as pool:
        held = await pool.convert(bench.job(path, "acme"))
        assert isinstance(held, NotYet)
        for version in ("1.0", "1.10"):
            _install(site, version)
            await clock.advance(registry.INSTALLED_INTERVAL)
            done = await pool.convert(bench.job(path, "acme"))
            assert isinstance(done, Conversion)
            parts.append(done.reports[0].part_number)
        loads = pool._registry.generation
        (site / "data.csv").touch()
        await clock.advance(registry.INSTALLED_INTERVAL)
        await pool.refresh()
        assert pool._registry.generation == loads, "files that come and go there are no news"
        shutil.rmtree(site / "acme-1.10.dist-info")
        await clock.advance(registry.INSTALLED_INTERVAL)
        held = await pool.convert(bench.job(path, "acme"))
        assert isinstance(held, NotYet)
    assert parts == ["P-1.0", "P-1.10"]


async def test_converters_of_a_folder_share_modules(bench: Bench) -> None:
    bench.plug_in("plain.py")
    (bench.folder / "_names.py").write_text("PREFIX = 'shared-'\n")
    (bench.folder / "json.py").write_text("raise RuntimeError('must not replace the standard library')\n")
    plugin = bench.folder / "plain.py"
    text = plugin.read_text().replace(
        "from stationmaster.api", "import json\nfrom _names import PREFIX\nfrom stationmaster.api"
    )
    plugin.write_text(text.replace("line.decode()", "PREFIX + json.loads('\"' + line.decode() + '\"')"))
    path = bench.file("a.txt", "plain\nSN-1\nend")
    async with bench.pool() as pool:
        done = await pool.convert(bench.job(path, "plain"))
        assert [failure.subject for failure in pool.failures] == ["json.py"]
    assert isinstance(done, Conversion)
    assert done.reports[0].serial_number == "shared-SN-1"


async def test_the_agent_itself_imports_no_converter(bench: Bench) -> None:
    bench.plug_in("plain.py")
    async with bench.pool() as pool:
        await pool.refresh()
        assert "plain" in pool.converters
    assert not [name for name in sys.modules if name.startswith("stationmaster_instance_converters")]
