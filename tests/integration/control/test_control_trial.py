"""Calls that look and change nothing, over the real socket: converters, a trial, settings not saved."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.channel import Channel
from fakes.converting import PLUGINS
from fakes.hosted import Hosted
from fakes.report import completed, minimal_report
from fakes.waiting import PATIENCE
from stationmaster.api.wsjf import encode
from stationmaster.config.field import walk
from stationmaster.config.form import ROOTS
from stationmaster.config.schema import AT_ONCE, InstanceConfig
from stationmaster.control.client import ControlClient
from stationmaster.control.protocol import MAX_BODY, AddRequest
from stationmaster.control.server import ControlServer
from stationmaster.control.trial_protocol import SettingForm, Trial
from stationmaster.errors import ControlError
from stationmaster.model import Lifecycle

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
async def client(channel: Channel) -> AsyncIterator[ControlClient]:
    async with ControlClient(channel.path, timeout=PATIENCE) as opened:
        yield opened


def plug_in(hosted: Hosted, *names: str) -> Path:
    folder = hosted.home.converters("line1")
    for name in names:
        shutil.copy(PLUGINS / name, folder)
    return folder


def footprint(hosted: Hosted) -> list[str]:
    """All that lies in the instance's folder; a database writes beside itself as it likes."""
    place = hosted.home.instance_dir("line1")
    return sorted(str(path) for path in place.rglob("*") if "spool.db" not in path.name)


# -------------------------------------------------------------------- converters
async def test_an_instance_tells_its_converters_and_those_that_do_not_load(
    channel: Channel, client: ControlClient
) -> None:
    folder = plug_in(channel.hosted, "plain.py", "rack.py", "sqlite_rows.py", "broken/raises.py")
    answer = await client.converters("line1")
    known = {one.name: one for one in answer.converters}
    assert {"wsjf", "wstf", "openhtf", "junit", "plain"} <= known.keys()
    assert known["wsjf"].folders == (str(channel.hosted.folder("line1")),)
    assert known["plain"].folders == ()
    assert (known["wsjf"].origin, known["plain"].origin) == ("built-in", "file")
    assert known["plain"].place == str(folder / "plain.py")
    assert {kind for one in answer.converters for kind in one.kinds} == {"file", "folder", "fetching"}
    (fault,) = answer.faults
    assert fault.subject == "raises.py"
    assert "a_module_that_nobody_has" in fault.text
    assert fault.next_step


async def test_options_come_with_kind_default_and_meaning(client: ControlClient) -> None:
    known = {one.name: one for one in (await client.converters("line1")).converters}
    options = {one.name: one for one in known["wstf"].options}
    assert (options["decimal"].kind, options["decimal"].default) == ("choice", ".")
    assert set(options["decimal"].choices) == {".", ",", "auto"}
    assert options["accept_incomplete"].kind == "bool"
    assert options["accept_incomplete"].doc.endswith("instead of refusing the file.")
    assert (options["process_code"].kind, options["process_code"].default) == ("whole number", None)
    assert (options["placeholders"].kind, options["part_numbers"].kind) == ("list", "table")
    assert options["timeout"].kind == "number"
    undocumented = [
        (name, option.name)
        for name, one in known.items()
        for option in one.options
        if not option.doc and one.origin == "built-in"
    ]
    assert undocumented == [("junit", f"{name}_properties") for name in (
        "part_number", "revision", "station", "operator", "process")]  # fmt: skip


# -------------------------------------------------------------------- a file on trial
async def test_a_good_file_is_shown_as_its_reports_and_nothing_is_stored(
    channel: Channel, client: ControlClient
) -> None:
    plug_in(channel.hosted, "plain.py")
    await client.configure("line1", {"watch.0.converters": ["wsjf", "plain"], "station.name": "ST-9"})
    await channel.hosted.running("line1")
    await channel.hosted.moment(lambda: "plain" in channel.hosted.supervisor("line1").instance.converters)
    before = footprint(channel.hosted)
    trial = await client.try_file("line1", b"plain\nSN-1\nSN-2\nend", filename="../../a/b.txt")
    assert trial.ok
    assert [(one.converter, one.confidence) for one in trial.candidates] == [("plain", 90), ("wsjf", 0)]
    assert (trial.converter, trial.version, trial.count) == ("plain", "1.2", 2)
    assert [one.serial_number for one in trial.reports] == ["SN-1", "SN-2"]
    report = msgspec.json.decode(trial.reports[0].report)
    assert (report["sn"], report["machineName"]) == ("SN-1", "ST-9")
    assert trial.error is None
    assert footprint(channel.hosted) == before
    assert await client.entries("line1") == ()


async def test_rules_that_a_report_breaks_come_with_their_places(client: ControlClient) -> None:
    report = completed(minimal_report())
    report.data["machineName"] = 5
    trial = await client.try_file("line1", json.dumps(report.data).encode(), filename="a.json")
    assert not trial.ok
    assert trial.error is None
    assert [(one.place, one.severity) for one in trial.reports[0].issues] == [("machineName", "error")]


@pytest.mark.parametrize(
    ("converter", "content", "says", "step"),
    [
        ("wsjf", b'{"type": "T"}', "a.txt", "Correct the file"),
        ("wsjf", b"no report", "a.txt is not complete yet", "once the tester"),
        ("wsjff", b"", "There is no converter wsjff.", "converter list"),
        ("exit", b"x", "ended its process while converting a.txt", "converter check exit"),
        ("segfault", b"x", "ended its process while converting a.txt", "converter check segfault"),
        ("flood", b"x", "printed more than", "converter check flood"),
        ("hang", b"x", "did not finish converting a.txt within 1 s", "converter check hang"),
        ("odd", b"key", "KeyError", "converter check odd"),
    ],
)
async def test_a_bad_file_is_told_and_disturbs_nothing(
    channel: Channel, client: ControlClient, converter: str, content: bytes, says: str, step: str
) -> None:
    plug_in(channel.hosted, "hostile.py")
    await client.configure("line1", {"convert.timeout": 1.0, "convert.output_mb": 1})
    await channel.hosted.running("line1")
    trial = await client.try_file("line1", content, filename="a.txt", converter=converter)
    assert not trial.ok
    assert trial.error is not None
    assert says in trial.error.text
    assert "stationmaster-try" not in trial.error.text + trial.error.detail
    assert step in trial.error.next_step
    assert channel.hosted.lifecycle("line1") is Lifecycle.RUNNING
    assert not [one for one in (await client.status()).problems if one.code.value.startswith("converter")]
    assert await client.entries("line1") == ()


async def test_a_file_that_nobody_knows_tells_who_was_asked(channel: Channel, client: ControlClient) -> None:
    await client.configure("line1", {"watch": []})
    await channel.hosted.running("line1")
    trial = await client.try_file("line1", b"nothing that anybody knows", filename="a.txt")
    assert not trial.ok
    assert trial.error is not None
    assert "No converter" in trial.error.text
    assert {one.converter for one in trial.candidates} >= {"wsjf", "wstf", "openhtf", "junit"}
    assert {one.confidence for one in trial.candidates} == {0}


async def test_a_file_can_be_tried_while_the_instance_is_stopped(
    channel: Channel, client: ControlClient
) -> None:
    await channel.hosted.drained("line1")
    content = encode(completed(minimal_report()))
    trials = await asyncio.gather(
        *(client.try_file("line1", content, filename=f"{name}.json") for name in ("", "b", "x" * 300))
    )
    assert [one.ok for one in trials] == [True, True, True]
    assert channel.hosted.lifecycle("line1") is Lifecycle.STOPPED


async def test_no_more_reports_than_fit_are_answered(client: ControlClient, channel: Channel) -> None:
    plug_in(channel.hosted, "plain.py")
    content = b"plain\n" + b"".join(b"SN-%d\n" % number for number in range(50)) + b"end"
    trial = await client.try_file("line1", content, filename="a.txt", converter="plain")
    assert (trial.ok, trial.count, len(trial.reports)) == (True, 50, 20)


async def test_who_is_no_instance_or_sends_too_much_is_refused(
    channel: Channel, client: ControlClient
) -> None:
    for call in (client.converters("line9"), client.try_file("line9", b"", filename="a")):
        with pytest.raises(ControlError, match='no instance "line9"') as caught:
            await call
        assert caught.value.code == "usage"
    length = {"Content-Length": str(MAX_BODY + 1), "Stationmaster-Protocol": "1"}
    status, body = await channel.ask("POST", "/v1/instances/line1/try?filename=a", b"", length)
    assert (status, body["code"]) == (413, "too-large")


async def test_a_trial_does_not_hold_up_the_end_of_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temp))
    hosted = Hosted(tmp_path)
    hosted.store.add("line1", "http://127.0.0.1:9", (), {"convert.timeout": 86400.0})
    plug_in(hosted, "hostile.py")
    async with hosted, contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(ControlServer(hosted.agent, hosted.home.socket))
        client = await ControlClient(hosted.home.socket, timeout=PATIENCE).__aenter__()
        await hosted.running("line1")
        trial = asyncio.create_task(client.try_file("line1", b"x", filename="a.txt", converter="hang"))
        await hosted.moment(lambda: list(temp.glob("stationmaster-dry-*/pool/results")))
        await stack.aclose()
        with pytest.raises(ControlError, match="agent stops"):
            await trial
        await client.aclose()
    assert list(temp.iterdir()) == []


# -------------------------------------------------------------------- settings
@pytest.mark.parametrize("kind", ["instance", "agent"])
async def test_the_schema_has_every_setting_of_the_reference(client: ControlClient, kind: str) -> None:
    schema = await client.settings_schema(kind)
    told = [one.key for section in schema.sections for one in section.settings]
    assert told == [one.key for _, _, settings in walk(ROOTS[kind]) for one in settings]
    for section in schema.sections:
        for one in section.settings:
            assert one.allowed
            assert one.kind == "choice" or not one.choices
            assert one.doc


async def test_the_schema_tells_what_a_form_is_built_from(client: ControlClient) -> None:
    schema = await client.settings_schema()
    known: dict[str, SettingForm] = {one.key: one for each in schema.sections for one in each.settings}
    assert [one.key for one in schema.sections if one.repeated] == ["watch.N", "fetch.N"]
    mode = known["upload.mode"]
    assert (mode.kind, mode.default, mode.choices) == ("choice", "adaptive", ("adaptive", "fixed"))
    settle = known["watch.N.settle"]
    assert (settle.kind, settle.unit, settle.default, settle.least, settle.most) == (
        "duration", "s", 1.0, 0, 3600)  # fmt: skip
    assert (known["watch.N.include"].kind, known["watch.N.include"].default) == ("list", ["*"])
    assert (known["watch.N.options"].kind, known["enabled"].kind) == ("table", "bool")
    assert (known["station.name"].kind, known["station.name"].length) == ("text", 100)
    assert (known["convert.memory_mb"].kind, known["convert.memory_mb"].unit) == ("whole number", "MB")
    assert known["server.url"].required
    assert known["server.proxy"].secret
    assert {key for key, one in known.items() if one.fixed} == {"schema", "id"}
    assert {key for key, one in known.items() if not one.restart} == set(AT_ONCE)
    assert {key for key, one in known.items() if one.kind == "duration"} == {
        "server.timeout", "server.ping_interval", "convert.timeout", "watch.N.settle",
        "watch.N.incomplete_after", "fetch.N.every", "fetch.N.time_limit"}  # fmt: skip
    with pytest.raises(ControlError, match='"station" has no settings'):
        await client.settings_schema("station")


async def test_a_check_says_what_the_patch_would_say(channel: Channel, client: ControlClient) -> None:
    before = channel.hosted.home.instance_file("line1").read_text()
    patch: dict[str, Any] = {"upload.mode": "fixd", "watch.0.settle": -1, "server.timout": 3}
    faults = {one.key: one for one in await client.check_config("line1", patch)}
    assert faults.keys() == patch.keys()
    assert faults["upload.mode"].next_step == 'Did you mean "fixed"?'
    for key, value in patch.items():
        with pytest.raises(ControlError) as caught:
            await client.configure("line1", {key: value})
        assert faults[key].text.lower() in str(caught.value).lower()
        assert faults[key].next_step == caught.value.next_step
    assert channel.hosted.home.instance_file("line1").read_text() == before
    assert await client.check_config("line1", {"upload.mode": "fixed", "watch.0.settle": None}) == ()
    with pytest.raises(ControlError, match="no instance"):
        await client.check_config("line9", {})
    deep = b'{"patch": {"watch": ' + b"[" * 5000 + b"]" * 5000 + b"}}"
    assert (await channel.ask("POST", "/v1/instances/line1/check", deep))[0] == 400


async def test_a_check_of_the_agents_own_settings(channel: Channel, client: ControlClient) -> None:
    (fault,) = await client.check_agent_config({"conversions": -1})
    assert fault.key == "conversions"
    assert fault.text == "conversions must be a whole number from 0 to 256, not -1."
    assert await client.check_agent_config({"conversions": 2}) == ()
    assert not channel.hosted.home.agent_file.exists()


async def test_folders_and_options_come_change_and_go_by_patch(
    channel: Channel, client: ControlClient
) -> None:
    async def folders() -> list[dict[str, Any]]:
        return list((await client.config("line1")).values["watch"])

    other: dict[str, Any] = {"path": str(channel.hosted.folder("other")), "converters": ["wstf"]}
    await client.configure("line1", {"watch.1": {**other, "options": {"wstf": {"decimal": ","}}}})
    assert [one["converters"] for one in await folders()] == [["wsjf"], ["wstf"]]
    await client.configure("line1", {"watch.1.options.wstf.process_code": 10, "watch.1.settle": 2.0})
    assert (await folders())[1]["options"] == {"wstf": {"decimal": ",", "process_code": 10}}
    await client.configure("line1", {"watch.1.options.wstf.decimal": None})
    assert (await folders())[1]["options"] == {"wstf": {"process_code": 10}}
    await client.configure("line1", {"watch.0": None})
    assert [one["path"] for one in await folders()] == [other["path"]]
    await client.configure("line1", {"watch": [other, {**other, "path": other["path"] + "2"}]})
    assert len(await folders()) == 2
    await client.configure("line1", {"watch": []})
    assert await folders() == []
    source = {"fetch.0.name": "db", "fetch.0.converter": "sqlite-rows"}
    assert await client.check_config("line1", source) == ()
    values = (await client.config("line1")).values
    assert channel.hosted.store.load("line1") == msgspec.convert(values, InstanceConfig)


def test_what_is_shown_of_a_trial_is_what_came() -> None:
    trial = Trial(ok=True, seconds=1.5)
    assert msgspec.json.decode(msgspec.json.encode(trial), type=Trial) == trial


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
async def test_a_full_disk_is_told_and_nothing_stays_of_the_file(
    client: ControlClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = names_in(tmp_path)
    with largest_file(400_000), pytest.raises(ControlError, match="put into a folder of its own"):
        await client.try_file("line1", b"x" * 900_000, filename="a.txt")
    assert names_in(tmp_path) == before


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system lets this process write no file that is longer."""
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


# -------------------------------------------------------------------- an instance that is not there yet
async def test_a_new_instance_is_checked_before_it_is_made(channel: Channel, client: ControlClient) -> None:
    folder = {"path": str(channel.hosted.folder("line1")), "converters": ["wsjf"]}
    good = AddRequest(name="line2", server="http://localhost:1", watch=(folder,))
    assert await client.check_new(good) == ()
    bad = AddRequest(name="line1", server="nowhere", watch=({**folder, "path": "here"},))
    found = {one.key: one for one in await client.check_new(bad)}
    assert found.keys() == {"name", "server.url", "watch.0.path"}
    assert found["name"].text == 'There is a station "line1" already.'
    assert "new.toml" not in "".join(one.text for one in found.values())
    (fault,) = await client.check_new(msgspec.structs.replace(good, name="no name"))
    assert fault.next_step.startswith("Use 1 to 40 letters")
    assert not channel.hosted.home.instance_file("line2").exists()


async def test_a_new_instance_has_converters_and_trials(client: ControlClient) -> None:
    known = {one.name for one in (await client.converters("")).converters}
    assert {"wsjf", "wstf", "openhtf", "junit"} <= known
    content = encode(completed(minimal_report()))
    trial = await client.try_file("", content, filename="a.json", converter="wsjf")
    assert (trial.ok, trial.converter, trial.count) == (True, "wsjf", 1)
    unit = (DATA / "wstf" / "one_unit.txt").read_bytes()
    bare = await client.try_file("", unit, filename="a.txt", converter="wstf")
    assert bare.error is not None
    options = {"process_code": 10}
    assert (await client.try_file("", unit, filename="a.txt", converter="wstf", options=options)).ok


async def test_the_agents_own_settings_are_told_with_and_without_a_file(client: ControlClient) -> None:
    before = await client.agent_config()
    assert (before.name, before.toml, before.values["conversions"]) == ("", "", 0)
    await client.configure_agent({"conversions": 2})
    after = await client.agent_config()
    assert after.toml.splitlines()[-1] == "conversions = 2"
    assert after.values["conversions"] == 2
