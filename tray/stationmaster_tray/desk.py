"""What every page and dialog is handed: the session, a place to start work, and the app's own powers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from stationmaster.control.client import ControlClient
from stationmaster.errors import StationmasterError
from stationmaster_tray.memory import Memory
from stationmaster_tray.seen import Seen
from stationmaster_tray.session import Session
from stationmaster_tray.task import Tasks


class Desk(QObject):
    """Handed down from the app.

    Attributes:
        wanted: (action id, instance, argument): somebody wants an action of the menu done.
        page_wanted: (page id, argument): somebody wants to see a page; the argument is the page's own.
    """

    wanted = Signal(str, str, str)
    page_wanted = Signal(str, object)

    def __init__(self, session: Session, tasks: Tasks, memory: Memory) -> None:
        """Hold what is handed down."""
        super().__init__()
        self.session = session
        self.tasks = tasks
        self.memory = memory
        self.trouble: Callable[[StationmasterError], None] = lambda _error: None

    @property
    def seen(self) -> Seen:
        """What is known of the agent now."""
        return self.session.seen

    @property
    def client(self) -> ControlClient:
        """Calls to the agent; raises `NoAgentError` where none runs."""
        return self.session.client

    def now(self) -> datetime:
        """This moment, aware."""
        return datetime.now(UTC)


class Page(QWidget):
    """One page of the window. It is made when it is first seen, or before that while nobody waits."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is asked of the agent yet."""
        super().__init__()
        self.desk = desk

    def warm(self) -> Iterator[None]:
        """Make what is not seen at first, a few milliseconds' work at a time: nobody looks yet."""
        yield from ()

    def show_seen(self, seen: Seen) -> None:
        """The agent's state changed; called while the page is seen, and when it comes to be."""

    def entered(self, argument: object = None) -> None:
        """The page is seen now.

        Args:
            argument: what the one who wanted it wants to see there; None for nothing special.
        """

    def unsaved(self) -> str:
        """What a person changed here and did not save, in words; "" for nothing."""
        return ""

    def left(self) -> None:
        """Another page is seen, or the window is closed: stop what only a reader needs."""
