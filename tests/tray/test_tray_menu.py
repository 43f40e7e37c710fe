"""The menu: what it offers when, and that the command line can do the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import msgspec
import pytest
import typer
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMenu
from typer.testing import CliRunner

from stationmaster.cli.exit import Exit
from stationmaster.cli.root import application
from stationmaster_tray.action import ACTIONS, Action
from stationmaster_tray.menu import Item, menu
from stationmaster_tray.menu_widget import TrayMenu
from stationmaster_tray.presenter import State, TrayView

WELL = TrayView(
    state=State.IDLE,
    tooltip="All sent",
    can_pause=True,
    instances=("line1",),
    folders=(("line1", "/var/lib/tester/results/line1"),),
)


def every(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from every(item.items)


def offered(view: TrayView) -> dict[str, Item]:
    return {item.action: item for item in every(menu(view)) if item.action and item.enabled}


def test_the_status_comes_first_and_pause_stands_on_the_first_level() -> None:
    items = menu(WELL)
    assert (items[0].text, items[0].enabled) == ("All sent", False)
    pause = next(item for item in items if item.text == "Pause")
    assert [item.text for item in pause.items] == ["15 minutes", "1 hour", "Until tomorrow", "Until I resume"]


def test_a_menu_of_another_shape_leaves_nothing_of_the_old_one(app: QApplication) -> None:
    shown = TrayMenu(lambda _item: None)
    shown.show_items(menu(WELL))
    below = len(shown.findChildren(QMenu))
    shown.show_items(menu(msgspec.structs.replace(WELL, folders=())))
    shown.show_items(menu(WELL))
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(shown.findChildren(QMenu)) == below > 3


def lines(items: tuple[Item, ...]) -> list[Any]:
    """All texts in order, those of a sub-menu with its own; "-" for a line between."""
    return [
        "-" if item.is_line else (item.text, lines(item.items)) if item.items else item.text for item in items
    ]


def test_all_lines_stand_in_the_order_of_the_design() -> None:
    pauses = ("Pause", ["15 minutes", "1 hour", "Until tomorrow", "Until I resume"])
    rest = [
        "Settings...",
        (
            "Notifications",
            ["Quiet for 30 minutes", "Quiet for 1 hour", "Quiet for 8 hours", "Show them again"],
        ),
        "Start at log-in",
        ("Help", ["Documentation", "Save diagnostics...", "About Stationmaster"]),
        "Version and updates...",
        "-",
        ("Quit", ["Tray only: the agent goes on", "Tray and agent"]),
    ]
    work = ["Errors...", "Find a serial number...", "-", pauses, "Resume", "Send now", "-"]
    folder = str(PurePath("…", "results", "line1"))
    assert lines(menu(WELL)) == ["All sent", "-", "Open window", ("Watch folder", [folder]), *work, *rest]
    two = msgspec.structs.replace(WELL, instances=("a", "b"), folders=(("a", "/x"), ("b", "/y")))
    own = [(name, ["Errors...", pauses, "Resume", "Send now", "Settings..."]) for name in ("a", "b")]
    folders = ("Watch folder", ["a: /x", "b: /y"])
    assert lines(menu(two)) == ["All sent", "-", "Open window", folders, *work, *own, "-", *rest]


def test_without_an_agent_the_status_starts_it_and_the_rest_rests() -> None:
    view = TrayView(state=State.NO_AGENT, tooltip="Agent not running: click to start")
    assert menu(view)[0].action == "start-agent"
    assert {"send-now", "resume", "errors", "find"}.isdisjoint(offered(view))
    assert {"open", "settings", "docs", "about", "quit-tray", "quit-all"} <= offered(view).keys()


def test_errors_show_their_number() -> None:
    failing = TrayView(state=State.ERRORS, tooltip="2 files", errors=2, instances=("line1",))
    assert offered(failing)["errors"].text == "Errors (2)..."
    assert "errors" not in offered(WELL)


def test_stations_have_menus_of_their_own_only_where_there_are_several() -> None:
    assert {item.instance for item in every(menu(WELL)) if item.action != "watch-folder"} == {""}
    two = TrayView(state=State.IDLE, tooltip="", can_pause=True, instances=("a", "b"), folders=(("b", "/x"),))
    theirs = {(item.action, item.instance) for item in every(menu(two)) if item.instance}
    assert {("pause-15", "a"), ("send-now", "b"), ("resume", "a"), ("settings", "b")} <= theirs
    assert offered(two)["watch-folder"].text == "b: /x"


def test_each_line_of_the_menu_is_an_action_of_the_table() -> None:
    for view in (WELL, TrayView(state=State.NO_AGENT, tooltip="")):
        assert {item.action for item in every(menu(view)) if item.action} <= {action.id for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_each_action_has_its_twin_on_the_command_line_or_says_why_not(action: Action) -> None:
    assert bool(action.twin) != bool(action.why)
    if not action.twin:
        return
    command: Any = typer.main.get_command(application())
    if action.twin == ("--version",):
        assert any("--version" in parameter.opts for parameter in command.params)
        return
    words = list(action.twin)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), f"no command {action.twin}"
    missing = [one for one in command.params if one.required and not set(one.opts) & set(words)]
    more = [[one.opts[0], "x"] if one.opts[0].startswith("--") else [__file__] for one in missing]
    context = command.make_context("twin", [*words, *itertools.chain.from_iterable(more)])
    given = {one for one in command.params if context.get_parameter_source(one.name).name == "COMMANDLINE"}
    assert {word for word in words if word.startswith("--")} <= {name for one in given for name in one.opts}


@pytest.mark.parametrize(
    "action", [one for one in ACTIONS if "pause" in one.twin], ids=lambda action: action.id
)
def test_a_pauses_twin_is_understood_to_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    monkeypatch.setenv("STATIONMASTER_HOME", str(tmp_path / "home"))
    done = CliRunner().invoke(application(), list(action.twin))
    assert done.exit_code == Exit.NO_AGENT, done.output  # the time was understood
