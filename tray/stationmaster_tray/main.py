"""The entry point of `stationmaster-tray`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from stationmaster import __version__
from stationmaster_tray.screen import missing_desktop

QUIET_START = 60.0
"""Seconds: what is wrong just after log-in is often right a moment later."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tray app; a second launch raises the first one's window and ends."""
    if getattr(sys, "frozen", False):
        from stationmaster.home.frozen import begin  # noqa: PLC0415 - of a single-file program alone

        begin()
    wanted = _wanted(sys.argv[1:] if arguments is None else arguments)
    if wanted.autostart:
        _switch_autostart(wanted.scope, wanted.autostart)
        return
    refusal = missing_desktop() or unsafe_qt()
    if refusal:
        sys.exit(refusal)
    sys.exit(_run(wanted))


def _wanted(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="stationmaster-tray", description="Stationmaster's icon and window."
    )
    parser.add_argument("--version", action="version", version=f"stationmaster-tray {__version__}")
    parser.add_argument("--scope", choices=("user", "machine"), default="user", help="whose agent")
    parser.add_argument("--hidden", action="store_true", help="begin with the icon alone, as at log-in")
    parser.add_argument(
        "--quiet-start",
        type=float,
        default=QUIET_START,
        metavar="SECONDS",
        help="no notifications for so long after the start and after the computer woke; 60 by default",
    )
    parser.add_argument("--autostart", choices=("on", "off", "show"), help="start at log-in, and leave")
    return parser.parse_args(arguments)


def _switch_autostart(scope: str, wanted: str) -> None:
    from stationmaster.errors import StationmasterError  # noqa: PLC0415 - rarely needed
    from stationmaster_tray.autostart import Autostart  # noqa: PLC0415 - as above

    switch = Autostart(scope)
    try:
        if wanted != "show":
            switch.switch(on=wanted == "on")
        print("on" if switch.is_on else "off")  # noqa: T201 - the answer
    except StationmasterError as error:
        sys.exit(str(error))


def unsafe_qt(python: tuple[int, ...] = sys.version_info[:2], qt: str = "") -> str:
    """Why this Python must not run this Qt, in words; "" where it may.

    PySide6 6.12 on Python 3.11 drops a reference to None with each wrapped call that returns it, and aborts
    the process after some thousand calls.
    """
    if not qt:
        from PySide6 import __version__ as qt  # noqa: PLC0415 - before anything of Qt is loaded
    if python < (3, 12) and tuple(int(part) for part in qt.split(".")[:2]) >= (6, 12):
        return (
            f"PySide6 {qt} crashes on Python {python[0]}.{python[1]}. "
            "Install the right one: pip install 'stationmaster[tray]'"
        )
    return ""


def _run(wanted: argparse.Namespace) -> int:
    # Qt costs half a second to load: --version and --help do without.
    from stationmaster.hosting.launch import Launcher  # noqa: PLC0415 - see above
    from stationmaster_tray import loop, theme, translation  # noqa: PLC0415 - see above
    from stationmaster_tray.app import TrayApp  # noqa: PLC0415 - see above
    from stationmaster_tray.application import Application  # noqa: PLC0415 - see above
    from stationmaster_tray.log import logging_to  # noqa: PLC0415 - see above
    from stationmaster_tray.memory import Memory, place  # noqa: PLC0415 - see above
    from stationmaster_tray.single import Single, name_of  # noqa: PLC0415 - see above

    app = Application([sys.argv[0]])
    translation.install(app)
    app.setApplicationName("stationmaster-tray")
    app.setApplicationDisplayName("Stationmaster")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("stationmaster-tray")
    launcher = Launcher(wanted.scope)
    single = Single(name_of(launcher.address))
    if not single.acquire():
        return 0
    theme.apply(app)
    file = place(launcher)
    memory = Memory(file)
    own = launcher.home.scope.value == "user"  # the log of the machine's agent is not ours to write to
    with logging_to(launcher.home.log if own else file.parent):
        quiet = timedelta(seconds=wanted.quiet_start)
        tray = TrayApp(app, launcher, single, memory, hidden=wanted.hidden, quiet_start=quiet)
        app.quit_wanted.connect(tray.quit)
        return loop.run(app, tray.run)
