"""A file in two overlapping folders has one owner."""

from __future__ import annotations

from pathlib import Path

from stationmaster.ingest.scan import Selection, Sieve
from stationmaster.ingest.territory import Territory

RECURSIVE = Sieve(Selection(recursive=True))
FLAT = Sieve(Selection())
XML = Sieve(Selection(include=("*.xml",)))


def path(*parts: str) -> str:
    return str(Path(*parts))


def test_the_innermost_folder_owns() -> None:
    territory = Territory(["/data", "/data/line", "/data/line/one"], [RECURSIVE, RECURSIVE, FLAT])

    assert territory.owner(0, "a.xml") == 0
    assert territory.owner(0, path("line", "a.xml")) == 1
    assert territory.owner(0, path("line", "one", "a.xml")) == 2
    assert territory.owner(0, path("line", "one", "deep", "a.xml")) == 1
    assert territory.owner(1, path("one", "a.xml")) == 2
    assert territory.owner(2, "a.xml") == 2


def test_names_that_only_begin_alike_do_not_overlap() -> None:
    territory = Territory(["/data", "/data/line"], [RECURSIVE, RECURSIVE])

    assert territory.owner(0, path("line2", "a.xml")) == 0


def test_a_folder_owns_what_the_inner_one_does_not_take() -> None:
    territory = Territory(["/data", "/data/line"], [RECURSIVE, XML])

    assert territory.owner(0, path("line", "a.xml")) == 1
    assert territory.owner(0, path("line", "a.json")) == 0


def test_of_two_on_the_same_path_the_first_owns() -> None:
    territory = Territory(["/data", "/data/"], [XML, FLAT])

    assert territory.owner(0, "a.xml") == 0
    assert territory.owner(1, "a.xml") == 0
    assert territory.owner(1, "a.json") == 1


def test_a_link_to_a_folder_is_the_same_folder_once_that_is_known() -> None:
    territory = Territory(["/data", "/link"], [FLAT, FLAT])
    assert territory.owner(1, "a.xml") == 1

    territory.place(1, "/data")

    assert territory.owner(1, "a.xml") == 0


def test_the_root_of_the_disk() -> None:
    territory = Territory(["/", "/data"], [RECURSIVE, FLAT])

    assert territory.owner(0, path("data", "a.xml")) == 1
    assert territory.owner(0, "a.xml") == 0
