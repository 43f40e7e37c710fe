"""The converters' pages say what the code does: every option with its default, a sample that converts."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs.page import blocks
from fakes.optional import skip_without
from stationmaster.api import Converter, Glimpse
from stationmaster.api.converter import ConverterOptions, Detects, HasOptions
from stationmaster.api.testing import convert_file
from stationmaster.cli.converter_option import option_values
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.convert.job import ConverterInfo
from stationmaster.convert.option_form import options_of
from stationmaster.convert.plugin import Plugins, options_type

PAGES = Path(__file__).parents[3] / "docs" / "converters"
DATA = Path(__file__).parents[2] / "data"
CONVERTERS: list[Converter] = [Plugins().make(place) for place in BUILT_INS.values()]
SAMPLE = re.compile(r"^## Sample\n.*?^```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \|", re.MULTILINE)
BINARY = {"stdf": "stdf/sample.stdf", "tdms": "tdms/sample.tdms", "klippel": "klippel/sample"}
"""What no page can show, binary or a folder: these samples lie beside the other files of the tests."""


def page(converter: Converter) -> str:
    return (PAGES / f"{converter.name}.md").read_text(encoding="utf-8")


def written(value: object) -> str:
    """A default as the pages write it."""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


@pytest.mark.parametrize("converter", CONVERTERS, ids=lambda converter: converter.name)
def test_every_option_stands_on_the_page_with_its_default(converter: Converter) -> None:
    assert isinstance(converter, HasOptions)
    options: ConverterOptions = converter.options_type()
    expected = {name: written(getattr(options, name)) for name in options.__struct_fields__}
    section = page(converter).partition("## Options")[2].partition("\n## ")[0]
    assert dict(ROW.findall(section)) == expected


@pytest.mark.parametrize("converter", CONVERTERS, ids=lambda converter: converter.name)
def test_the_sample_converts(converter: Converter, tmp_path: Path) -> None:
    skip_without(converter.name)
    assert isinstance(converter, Detects)
    path = sample(converter, tmp_path)
    confidence = converter.detect(Glimpse.at_folder(path) if path.is_dir() else Glimpse.at(path))
    assert confidence >= 60
    assert f"| {confidence} |" in page(converter)
    [report] = convert_file(converter, path, options=typed_options(converter))
    assert (report.sn, report.pn, report.data["processCode"], report.data["result"]) == (
        "SN-1001",
        "BRD-7",
        10,
        "P",
    )
    assert any(step.data.get("numericMeas") for step in report.steps())
    assert report.warnings == []


def typed_options(converter: Converter) -> dict[str, Any]:
    """The options in the command that tries the page's sample."""
    [command] = [
        shlex.split(step.command)
        for block in blocks(PAGES / f"{converter.name}.md")
        for step in block.steps
        if "run" in block.marks
    ]
    assert command[:3] == ["stationmaster", "converter", "test"]
    words = [word for before, word in pairwise(command) if before == "--option"]
    schema = msgspec.json.schema(options_type(converter))
    info = ConverterInfo(name=converter.name, version="", origin="", target="", options=schema)
    return option_values(words, {option.name: option for option in options_of(info)})


def sample(converter: Converter, folder: Path) -> Path:
    """The sample of the converter's page."""
    if converter.name in BINARY:
        return DATA / BINARY[converter.name]
    found = SAMPLE.search(page(converter))
    assert found is not None
    path = folder / "sample.txt"
    path.write_text(found[1], encoding="utf-8")
    return path
