"""The command line as data, and whether a line that a page shows fits it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from stationmaster.cli.root import application

ROOT_COMMAND: Any = typer.main.get_command(application())
"""The types of its commands are not exported by typer."""

_SEPARATORS = frozenset({"|", "||", "&&", "&", ";"})


def leaves(command: Any = ROOT_COMMAND, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands that do something, with their words."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for word, child in below.items():
        yield from leaves(child, (*path, word))


def options(command: Any) -> dict[str, Any]:
    """The options of a command by each of their names."""
    found = {}
    for parameter in command.params:
        if parameter.param_type_name == "option":
            found.update(dict.fromkeys((*parameter.opts, *parameter.secondary_opts), parameter))
    return {**found, "--help": None}


def simple_commands(line: str) -> list[list[str]]:
    """The commands of a shell line, without pipes and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    skip = False
    for word in lexer:
        if word in _SEPARATORS:
            commands.append([])
        elif set(word) <= {"<", ">"}:
            skip = True
        elif skip:
            skip = False
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def fault(words: list[str], *, whole: bool = True) -> str:
    """What is wrong with the words after `stationmaster`; "" where nothing is.

    Args:
        words: the words of the command.
        whole: False: an excerpt in a text, which may leave arguments out.
    """
    command, rest, given = ROOT_COMMAND, list(words), 0
    known = options(command)
    while rest:
        word = rest.pop(0)
        below = getattr(command, "commands", None)
        if word.startswith("-") and word != "-":
            key, equals, _ = word.partition("=")
            if key not in known:
                return f"{command.name} has no option {key}"
            trouble = _value(known[key], rest) if not equals else ""
            if trouble:
                return trouble
        elif below is None:
            given += 1
        elif word in below:
            command = below[word]
            known = options(command)
        else:
            return f"{command.name} has no command {word}"
    if not whole:
        return ""
    return _missing(command, words, given)


def _value(option: Any, rest: list[str]) -> str:
    if option is None or option.is_flag:
        return ""
    if not rest:
        return f"{option.opts[0]} wants a value"
    value = rest.pop(0)
    kind = option.type_descriptor.annotation
    words = {one.value for one in kind} if isinstance(kind, type) and issubclass(kind, Enum) else set[str]()
    if words and value not in words and not re.fullmatch(r"[A-Z]+", value):
        return f"{option.opts[0]} takes {sorted(words)}, not {value}"
    return ""


def _missing(command: Any, words: list[str], given: int) -> str:
    if "--help" in words or "--version" in words:
        return ""
    if hasattr(command, "commands"):
        return f"{command.name} alone does nothing"
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    least = sum(one.required for one in arguments)
    most = 999 if any(one.nargs == -1 for one in arguments) else len(arguments)
    if not least <= given <= most:
        return f"{command.name} takes {least} to {most} arguments, not {given}"
    for one in command.params:
        if one.param_type_name == "option" and one.required and not set(one.opts) & set(words):
            return f"{command.name} wants {one.opts[0]}"
    return ""
