"""Commands that the pages show exist, and every command and option stands in docs/cli.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.command_tree import ROOT_COMMAND, fault, leaves, options, simple_commands
from docs.page import DOCS, PAGES, ROOT, blocks, name, prose, section

FOREIGN = {".", "cp", "curl", "echo", "mkdir", "pip", "printf", "python3", "read"}
FOREIGN |= {"install", "journalctl", "loginctl", "setfacl", "systemctl", "usermod"}
"""Programs of others that pages may call."""

LEAVES = {" ".join(path): command for path, command in leaves()}


def wrong(words: list[str]) -> str:
    """Why a command of a page is wrong."""
    words = words[1:] if words[0] == "sudo" else words
    program, rest = words[0], words[1:]
    if program == "stationmaster":
        return fault(rest)
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        return "" if rest and f"\n{rest[0]}:" in makefile else "no such target"
    if program == "python" and rest[:2] == ["-m", "pytest"]:
        return ""
    if program == "python":
        return "" if rest and (ROOT / rest[0]).is_file() else "no such file"
    return "" if program in FOREIGN else "unknown program"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_console_blocks_show_commands_that_exist(page: Path) -> None:
    shown = [
        (f"{block}: {' '.join(words)}", words)
        for block in blocks(page)
        for step in (block.steps if block.language == "console" else ())
        for words in simple_commands(step.command)
    ]
    assert not [f"{place}: {trouble}" for place, words in shown if (trouble := wrong(words))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_texts_exist(page: Path) -> None:
    faults = []
    for number, line in prose(page):
        for text in re.findall(r"`stationmaster ([^`]+)`", line):
            words = re.sub(r"[\[\]]|\.\.\.", "", text).split()
            if words[0].isupper():
                continue
            if trouble := fault(words, whole=False):
                faults.append(f"{name(page)}:{number}: {text}: {trouble}")
    assert not faults


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_every_command_stands_in_the_command_line_with_its_options(path: str) -> None:
    command = LEAVES[path]
    text = section(DOCS / "cli.md", f"`stationmaster {path}")
    assert text, f"docs/cli.md has no section for {path}"
    known = set(options(command)) - {"--help"}
    cells = " ".join(re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE))
    written = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", cells))
    assert written == known
    assert command.help
    assert not [one.name for one in command.params if not getattr(one, "help", None)]


def test_options_of_all_commands_stand_in_the_command_line() -> None:
    text = section(DOCS / "cli.md", "For all commands")
    assert not [one for one in options(ROOT_COMMAND) if f"`{one}" not in text]


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("agent status --json", ""),
        ("agent stat", "no command"),
        ("agent status --jsn", "no option"),
        ("queue list --state eror", "takes"),
        ("queue list --state", "wants a value"),
        ("instance add line1", "wants --server"),
        ("queue find", "arguments"),
        ("queue find A B", "arguments"),
        ("agent", "does nothing"),
        ("--scope machine agent status", ""),
    ],
)
def test_a_wrong_command_would_be_seen(line: str, trouble: str) -> None:
    found = fault(line.split())
    assert trouble in found if trouble else not found


def test_shell_lines_are_taken_apart() -> None:
    line = "echo 'a | b' | stationmaster instance edit x --token-stdin < token.txt && make test"
    assert simple_commands(line) == [
        ["echo", "a | b"],
        ["stationmaster", "instance", "edit", "x", "--token-stdin"],
        ["make", "test"],
    ]
