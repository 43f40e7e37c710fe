"""`--option NAME=VALUE` of a converter: texts as they stand, else TOML or JSON."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stationmaster.cli.session import run
from stationmaster.control.trial_protocol import ConverterOption
from stationmaster.convert.dry_run import list_converters
from stationmaster.convert.option_form import options_of
from stationmaster.errors import ConfigError

OptionWords = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the converter: texts as they stand, others as TOML or JSON; "
        "process_codes.FCT=10 is one entry of a table.",
    ),
]


def given_options(
    words: Sequence[str] | None, converters: Iterable[str], folder: Path | None
) -> dict[str, Any]:
    """The options that are typed, by the kinds that the converters declare.

    Args:
        converters: names of those that get them; the first that has an option says what it is.
        folder: the instance's `converters` folder.

    Raises:
        ConfigError: one has no value.
    """
    if not words:
        return {}
    infos, _ = run(list_converters(folder))
    by_name = {info.name: info for info in infos}
    known: dict[str, ConverterOption] = {}
    for name in converters:
        for option in options_of(by_name[name]) if name in by_name else ():
            known.setdefault(option.name, option)
    return option_values(words, known)


def option_values(words: Iterable[str], known: Mapping[str, ConverterOption]) -> dict[str, Any]:
    """The values of `NAME=VALUE`.

    Args:
        words: as they are typed.
        known: the options that the converter declares; others go by what their value looks like.

    Raises:
        ConfigError: one has no value.
    """
    options: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"--option {word} has no value.", next_step="Write --option NAME=VALUE.")
        name = name.strip()
        table, dot, key = name.partition(".")
        if dot and name not in known:  # one entry of a table, as --set has it
            before = options.get(table)
            entries = dict(before) if isinstance(before, dict) else {}
            options[table] = entries | {key.strip(): _value(text, None)}
        else:
            options[name] = _value(text, known.get(name))
    return options


def _value(text: str, option: ConverterOption | None) -> Any:
    if option is not None and text in option.choices:
        return text
    value = _read(text)
    # 00123 is a serial number and 12 a part number, where the option is a text; "12" in quotes is 12
    wants_text = option is not None and option.kind == "text"
    return text if wants_text and not isinstance(value, str) else value


def _read(text: str) -> Any:
    """JSON, TOML, or the text itself. A time stays a text: no option is one."""
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        pass
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    value = document.pop("value")
    return text if document or isinstance(value, date | time) else value
