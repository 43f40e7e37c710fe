"""The page of the public API, made from itself: `python -m stationmaster.api.reference --write FILE`."""

from __future__ import annotations

import enum
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import stationmaster.api

HELPERS = (
    "header",
    "local_time",
    "day_time",
    "number",
    "reading",
    "text",
    "lines",
    "loop",
    "notes",
    "growing",
    "compressed",
    "verdict",
    "xml",
    "json_text",
    "wsjf",
    "wsxf",
    "validate",
    "testing",
)
"""Modules of `stationmaster.api` that authors import from by name."""

_HEAD = """\
# The converter API

Every public name of `stationmaster.api`, and of the modules beside it that help. This page is made from the
code; [Writing a converter](../writing-a-converter.md) shows how to use it. What is not here is not public and
may change.

Times are aware `datetime`s, durations are seconds, sizes are characters where nothing else is said.
"""


def render() -> str:
    """The whole page."""
    parts = [_HEAD, "## `stationmaster.api`\n"]
    parts += [_entry(name, getattr(stationmaster.api, name)) for name in sorted(stationmaster.api.__all__)]
    for helper in HELPERS:
        module = import_module(f"stationmaster.api.{helper}")
        parts.append(f"## `stationmaster.api.{helper}`\n\n{_first(module)}\n")
        parts += [_entry(name, value) for name, value in _public(module)]
    return "\n".join(parts)


def _public(module: Any) -> Iterator[tuple[str, Any]]:
    """What the module itself makes public, or says that it does."""
    listed = getattr(module, "__all__", None)
    for name, value in sorted(vars(module).items()):
        own = getattr(value, "__module__", None) == module.__name__
        if (name in listed) if listed is not None else (own and not name.startswith("_")):
            yield name, value


def _entry(name: str, value: Any) -> str:
    lines = [f"### `{name}`", ""]
    if inspect.isfunction(value):
        lines += ["```text", _signature(name, value), "```", ""]
    lines += [*_paragraphs(value), ""]
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        lines += ["| member | wire value |", "|---|---|"]
        lines += [f"| `{one.name}` | `{one.value}` |" for one in value]
        lines.append("")
    elif inspect.isclass(value) and (members := list(_members(value))):
        lines += ["| member | what it is |", "|---|---|"]
        lines += [f"| {_cell(shown)} | {_cell(text, code=False)} |" for shown, text in members]
        lines.append("")
    return "\n".join(lines)


def _members(kind: type) -> Iterator[tuple[str, str]]:
    """Attributes that the docstring tells of, then properties and methods, inherited ones of ours too."""
    doc = inspect.cleandoc(kind.__doc__ or "")
    told = set[str]()
    for found in re.finditer(
        r"^    (\w+): (.*(?:\n        .*)*)", doc.partition("Attributes:")[2], re.MULTILINE
    ):
        told.add(found[1])
        yield found[1], " ".join(found[2].split())
    for name in getattr(kind, "__dataclass_fields__", ()):
        if name not in told and not name.startswith("_"):
            yield name, ""
    seen: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("stationmaster"):
            continue
        for name, value in vars(base).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if isinstance(plain, property):
                yield name, _first(plain)
            elif inspect.isfunction(plain):
                yield _signature(name, plain), _first(plain)


def _signature(name: str, function: Any) -> str:
    """The call as an author writes it: parameters with their defaults, without types."""
    shown = []
    star = False
    for one in inspect.signature(function).parameters.values():
        if one.name in {"self", "cls"}:
            continue
        if one.kind is one.KEYWORD_ONLY and not star:
            star = True
            shown.append("*")
        prefix = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
        star = star or one.kind is one.VAR_POSITIONAL
        default = "" if one.default is one.empty else f"={_default(one.default)}"
        shown.append(f"{prefix}{one.name}{default}")
    return f"{name}({', '.join(shown)})"


def _default(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _paragraphs(value: Any) -> list[str]:
    """The docstring: its prose as it is, its sections as lists."""
    doc = inspect.cleandoc(inspect.getdoc(value) or "")
    doc = re.split(r"\n\nAttributes:\n", doc)[0]
    lines = []
    for line in doc.splitlines():
        section = re.fullmatch(r"(Args|Returns|Raises):", line)
        item = re.fullmatch(r"    (\w+): (.*)", line)
        if section:
            lines += [f"{section[1]}:", ""]
        elif item:
            lines.append(f"- `{item[1]}`: {item[2]}")
        else:
            lines.append(f"  {line.strip()}" if line.startswith("        ") else line.strip())
    return lines


def _first(value: Any) -> str:
    """The first sentence or so: the docstring's first paragraph."""
    return " ".join(inspect.cleandoc(value.__doc__ or "").split("\n\n")[0].split())


def _cell(text: str, *, code: bool = True) -> str:
    plain = text.replace("|", "\\|")
    return f"`{plain}`" if code else plain


def keep_current(render: Callable[[], str], module: str, arguments: list[str]) -> int:
    """Print a page; `--write FILE` stores it, `--check FILE` returns 1 where the file is not current."""
    if not arguments:
        sys.stdout.write(render())
        return 0
    action, file = arguments[0], Path(arguments[1])
    if action == "--write":
        file.write_text(render(), encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == render():
        return 0
    sys.stderr.write(f"{file} is not current: python -m {module} --write {file}\n")
    return 1


if __name__ == "__main__":
    sys.exit(keep_current(render, "stationmaster.api.reference", sys.argv[1:]))
