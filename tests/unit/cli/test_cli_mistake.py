"""What is told of a value that was refused: a sentence, without the marks of the library that refused it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.typed import run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--scope", "mars", "agent", "status"), "'mars' is not one of 'user', 'machine'."),
        (("agent", "install", "--scope", "mars"), "'mars' is not one of 'user', 'machine'."),
        (("converter", "new", "x", "--kind", "pdf"), "'pdf' is not one of 'csv', 'text', 'xml', 'json'."),
        (("server", "run", "--port", "high"), "valid integer"),
    ],
)
def test_a_value_that_is_refused_is_told_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = run({"STATIONMASTER_HOME": str(tmp_path)}, *words)
    last = said.talk.strip().splitlines()[-1]
    assert said.code == 2
    assert told in last
    assert "Value error" not in last
    assert last.endswith(".")
    assert not last.endswith("..")


def test_a_kind_has_its_article(tmp_path: Path) -> None:
    said = run({"STATIONMASTER_HOME": str(tmp_path)}, "converter", "new", "x", "--kind", "xml", "--growing")
    assert said.code == 2
    assert "writes an xml file once" in said.talk
