"""The pages of the window, registered in this one place."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtWidgets import QDialog, QWidget

from stationmaster_tray.desk import Desk, Page
from stationmaster_tray.pages.about import AboutPage
from stationmaster_tray.pages.converters import ConvertersPage
from stationmaster_tray.pages.find import FindPage
from stationmaster_tray.pages.log import LogPage
from stationmaster_tray.pages.overview import OverviewPage
from stationmaster_tray.pages.queue import QueuePage
from stationmaster_tray.pages.settings import SettingsPage
from stationmaster_tray.text import tr
from stationmaster_tray.wizard.dialog import Wizard


class PageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A page that the window offers.

    Attributes:
        id: stable word; the memory and `Desk.page_wanted` name it.
        title: its name, in the language of now.
        make: makes it, when it is first seen.
    """

    id: str
    title: Callable[[], str]
    make: Callable[[Desk], Page]


PAGES: tuple[PageSpec, ...] = (
    PageSpec(id="overview", title=lambda: tr("Overview"), make=OverviewPage),
    PageSpec(id="queue", title=lambda: tr("Queue & Errors"), make=QueuePage),
    PageSpec(id="find", title=lambda: tr("Find"), make=FindPage),
    PageSpec(id="converters", title=lambda: tr("Converters"), make=ConvertersPage),
    PageSpec(id="settings", title=lambda: tr("Settings"), make=SettingsPage),
    PageSpec(id="log", title=lambda: tr("Log"), make=LogPage),
    PageSpec(id="about", title=lambda: tr("About"), make=AboutPage),
)

DIALOGS: dict[str, Callable[[Desk, QWidget], QDialog]] = {"wizard": Wizard}
"""What `Desk.page_wanted` may name beside them: shown over the window, one at a time."""
