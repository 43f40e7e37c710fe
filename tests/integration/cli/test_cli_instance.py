"""`instance ...`: settings and tokens, with an agent and without; a token shows nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.hosted import TOKEN
from fakes.oracle import Oracle
from fakes.typed import Said, Typist
from stationmaster.model import ProblemCode

PLANTED = "cGxhbnRlZDp0b2tlbg=="
AWAY = "http://127.0.0.1:9"
FILE = ("--set", "secrets.store=file")


def files_with(root: Path, words: str) -> list[str]:
    """Names of the files that hold these words."""
    return sorted(one.name for one in root.rglob("*") if one.is_file() and words.encode() in one.read_bytes())


async def add(typist: Typist, *more: str, name: str = "line2", given: str = "") -> Said:
    return await typist.type("instance", "add", name, "--server", AWAY, *more, given=given)


# ---------------------------------------------------------------- without an agent
async def test_making_showing_changing_and_removing_without_an_agent(alone: Typist, tmp_path: Path) -> None:
    watch = ("--watch", str(tmp_path), "--converter", "wsjf", "--converter", "junit")
    made = await add(alone, *watch, *FILE, "--set", "station.location=Hall 2", "--token-stdin", given=PLANTED)
    assert (made.code, made.out) == (0, "")
    assert "is made" in made.talk
    shown = await alone.type("instance", "show", "line2", "--json")
    assert shown.data["station"]["location"] == "Hall 2"
    assert shown.data["watch"][0]["converters"] == ["wsjf", "junit"]
    assert shown.data["upload"]["max_concurrent"] == 5, "defaults are filled in"
    plain = await alone.type("instance", "show", "line2")
    assert 'location = "Hall 2"' in plain.out
    assert str(alone.hosted.home.instance_file("line2")) in plain.talk
    changed = await alone.type(
        *("instance", "edit", "line2", "--set", "upload.mode=fixed", "--unset", "station.location")
    )
    assert changed.code == 0
    again = (await alone.type("instance", "show", "line2", "--json")).data
    assert (again["upload"]["mode"], again["station"]["location"]) == ("fixed", "")
    listed = (await alone.type("instance", "list", "--json")).data
    assert [(one["name"], one["server"], one["folders"]) for one in listed] == [
        ("line2", AWAY, [str(tmp_path)])
    ]
    assert "line2" in (await alone.type("instance", "list")).out
    removed = await alone.type("instance", "remove", "line2", "--yes")
    assert removed.code == 0
    assert str(alone.hosted.home.instance_dir("line2")) in removed.talk
    assert alone.hosted.store.names() == ()
    assert files_with(tmp_path, PLANTED) == [], "the token goes with the station"
    assert all(PLANTED not in one.out + one.talk for one in (made, shown, plain, changed, removed))


async def test_a_question_that_is_answered_with_no_removes_nothing(alone: Typist) -> None:
    await add(alone)
    for given in ("n\n", ""):
        refused = await alone.type("instance", "remove", "line2", given=given)
        assert refused.code == 1
        assert "Remove the instance" in refused.talk, "a question is talk, not an answer"
        assert alone.hosted.store.names() == ("line2",)
    assert (await alone.type("instance", "remove", "line2", given="y\n")).code == 0


async def test_an_instance_without_a_token_is_told_how_to_get_one(alone: Typist) -> None:
    made = await add(alone)
    assert "instance edit line2 --token-stdin" in made.talk
    edited = await alone.type(
        "instance", "edit", "line2", *FILE, "--token-stdin", given=f"  {PLANTED}  \nmore\n"
    )
    assert edited.code == 0
    assert alone.hosted.home.token_file("line2").read_text() == f"{PLANTED}\n"
    assert alone.hosted.home.token_file("line2").stat().st_mode & 0o777 == 0o600
    assert files_with(alone.hosted.root, PLANTED) == ["token"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--set", "upload.mode"), "KEY=VALUE"),
        (("--set", "uplaod.mode=fixed"), "upload"),
        (("--set", "upload.mode=sometimes"), "adaptive"),
        (("--set", "upload.max_concurrent=0"), "upload.max_concurrent"),
        (("--set", "schema=2"), "schema"),
        (("--unset", "station.nothing"), "station.nothing"),
        ((), "Nothing to change"),
        (("--token-stdin",), "No token came"),
    ],
)
async def test_2_a_wrong_change_says_what_is_wrong_and_changes_nothing(
    alone: Typist, words: tuple[str, ...], says: str
) -> None:
    await add(alone)
    before = alone.hosted.home.instance_file("line2").read_bytes()
    done = await alone.type("instance", "edit", "line2", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.talk
    assert alone.hosted.home.instance_file("line2").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "given", "says"),
    [
        (("--watch", "results"), "", "needs a converter"),
        (("--set", "x"), "", "KEY=VALUE"),
        (("--token-stdin",), "\n", "No token came"),
        (("--token-stdin", *FILE), "two words\n", "token"),
        (("--token-stdin", "--set", "secrets.store=environment"), PLANTED, "STATIONMASTER_TOKEN_LINE2"),
    ],
)
async def test_2_an_instance_that_cannot_be_made_is_not_there_at_all(
    alone: Typist, words: tuple[str, ...], given: str, says: str
) -> None:
    done = await add(alone, *words, given=given)
    assert done.code == 2
    assert says in done.talk
    assert alone.hosted.store.names() == ()
    assert "PLANTED" not in done.talk
    assert PLANTED not in done.talk


async def test_4_no_keyring_means_no_instance_and_the_way_out(
    alone: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    done = await add(alone, "--token-stdin", given=PLANTED)
    assert done.code == 4
    assert "secrets.store" in done.talk
    assert PLANTED not in done.talk
    assert alone.hosted.store.names() == ()


async def test_what_cannot_be_removed_from_a_keyring_is_told(
    alone: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    await add(alone)
    done = await alone.type("instance", "remove", "line2", "--yes")
    assert done.code == 0
    assert "was not removed" in done.talk
    assert alone.hosted.store.names() == ()


async def test_a_name_that_is_taken_or_none(alone: Typist) -> None:
    await add(alone)
    for name in ("line2", "LINE2", "a b", "..", "", "con", "é" * 200, "\x1b[31m"):
        done = await add(alone, name=name)
        assert done.code == 2, name
        assert "\x1b" not in done.talk
    for verb in (("show",), ("edit", "--set", "enabled=false"), ("remove", "--yes")):
        done = await alone.type("instance", verb[0], "nobody", *verb[1:])
        assert done.code == 2, verb
        assert "nobody" in done.talk


async def test_a_file_that_is_wrong_does_not_hide_the_others(alone: Typist) -> None:
    await add(alone)
    await add(alone, name="line3")
    alone.hosted.home.instance_file("line3").write_text("schema = [")
    listed = await alone.type("instance", "list", "--json")
    assert [one["name"] for one in listed.data] == ["line2"]
    assert "line3" in listed.talk
    assert (await alone.type("instance", "show", "line3")).code == 2


async def test_a_proxy_password_is_masked(alone: Typist) -> None:
    await add(alone, "--set", "server.proxy=http://me:PLANTED@proxy:3128")
    for words in (("show", "line2"), ("show", "line2", "--json"), ("list",), ("list", "--json")):
        done = await alone.type("instance", *words)
        assert done.code == 0
        assert "PLANTED" not in done.out + done.talk
    assert "***@proxy:3128" in (await alone.type("instance", "show", "line2")).out


# ---------------------------------------------------------------- with an agent
async def test_making_changing_and_removing_with_an_agent_takes_effect_at_once(
    typist: Typist, oracle: Oracle, tmp_path: Path
) -> None:
    folder = typist.hosted.folder("line2")
    made = await typist.type(
        *("instance", "add", "line2", "--server", oracle.url, "--watch", str(folder), "--converter", "wsjf"),
        *(*FILE, "--set", "watch.0.settle=0.2", "--token-stdin"),
        given=PLANTED,
    )
    assert made.code == 0, made
    await typist.hosted.running("line2")
    typist.hosted.drop(folder, sn="SN-2")
    await typist.hosted.until(lambda: typist.hosted.completed("line2") == 1)
    assert oracle.seen[-1].authorization == f"Basic {PLANTED}"
    changed = await typist.type(
        "instance", "edit", "line2", "--set", "station.name=ST-9", "--token-stdin", given=TOKEN
    )
    assert changed.code == 0
    await typist.hosted.until(lambda: typist.hosted.instance("line2").station == "ST-9")
    typist.hosted.drop(folder)
    await typist.hosted.until(lambda: typist.hosted.completed("line2") == 2)
    assert oracle.seen[-1].authorization == f"Basic {TOKEN}", "the new token is used at once"
    refused = await typist.type("instance", "edit", "line2", "--set", "watch.9.settle=1")
    assert refused.code == 2
    assert (await typist.type("instance", "remove", "line2", "--yes")).code == 0
    assert list(typist.hosted.agent.supervisors) == ["line1"]
    assert PLANTED not in made.talk + changed.talk + refused.talk
    kept = [one for one in files_with(tmp_path, PLANTED) if one != "requests.jsonl"]
    assert kept == []


async def test_a_name_that_is_taken_is_refused_by_the_agent_too(typist: Typist) -> None:
    before = typist.hosted.store.load("line1")
    done = await add(typist, name="line1")
    assert done.code == 2
    assert "line1" in done.talk
    assert typist.hosted.store.load("line1") == before


async def test_an_agent_tells_of_an_instance_without_its_token(typist: Typist) -> None:
    made = await add(typist, *FILE)
    assert made.code == 0
    await typist.hosted.until(
        lambda: typist.hosted.problem(ProblemCode.TOKEN_MISSING, "line2"), what="the Problem"
    )
    status = await typist.type("agent", "status")
    assert status.code == 4
    assert "instance edit line2 --token-stdin" in status.out
    assert json.loads((await typist.type("agent", "status", "--json")).out)["data"]["problems"]


async def test_folders_and_converters_that_are_not_there_are_hinted_at(alone: Typist, tmp_path: Path) -> None:
    there, missing, file = tmp_path, tmp_path / "nowhere", tmp_path / "file"
    file.touch()
    watch = [word for place in (there, missing, file) for word in ("--watch", str(place))]
    words = (*watch, "--converter", "wstff", "--converter", "junit", *FILE)
    made = await add(alone, *words)
    assert made.code == 0
    assert made.out.splitlines() == [
        f"Hint: line2: the watch folder {missing} does not exist yet. Is its name right?",
        f"Hint: line2: {file} is no folder. Its files are taken once it is one.",
        'Hint: line2: there is no converter "wstff" yet. Did you mean "wstf"?',
    ]
    told = (await add(alone, *words, "--json", name="line3")).data
    assert told["instance"] == "line3"
    assert len(told["hints"]) == 3


async def test_a_converter_that_cannot_be_loaded_is_hinted_at(alone: Typist, tmp_path: Path) -> None:
    place = alone.hosted.home.converters("line2")
    place.mkdir(parents=True)
    (place / "bench.py").write_text("import nothing_of_that_name")
    made = await add(alone, "--watch", str(tmp_path), "--converter", "bench", *FILE)
    assert made.code == 0
    assert made.out.startswith("Hint: line2: Converter bench.py cannot be loaded: ")
