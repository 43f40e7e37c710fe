"""The smallest window: pages fit into its width, and none scrolls twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget

from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray.desk import Desk
from stationmaster_tray.presenter import present
from stationmaster_tray.widgets.flow import Flow
from stationmaster_tray.window import Window


def outer(window: Window) -> QScrollArea:
    """What scrolls the pages."""
    found = window.findChild(QScrollArea)
    assert isinstance(found, QScrollArea)
    return found


def drawn(window: Window, desk: Desk) -> None:
    window.show_seen(desk.seen, present(desk.seen, desk.now()))


async def test_no_page_is_wider_than_the_smallest_window_and_the_overview_scrolls_once(
    app: QApplication, tmp_path: Path
) -> None:
    del app
    async with Station(tmp_path) as station:
        for name in ("line1", "line2"):
            await station.line(name, await station.server(), "keep")
        await station.start()
        async with attached(station) as desk:
            await until(lambda: desk.seen.status and len(desk.seen.status.instances) == 2, what="both")
            window = Window(desk)
            window.resize(window.minimumSize())
            for page in ("overview", "queue", "find"):
                window.open_page(page)
                drawn(window, desk)
                window.grab()  # lays everything out
                assert window.page is not None
                assert outer(window).horizontalScrollBar().maximum() == 0, page
                if page == "overview":
                    assert outer(window).verticalScrollBar().maximum() == 0
                    [inner] = window.page.findChildren(QScrollArea)
                    assert inner.verticalScrollBar().maximum() > 0, "there is more than fits"
            window.close()


@pytest.mark.parametrize(("width", "lines"), [(1000, 1), (250, 2), (60, 4)])
def test_buttons_go_on_in_the_next_line(app: QApplication, width: int, lines: int) -> None:
    del app
    whole = QWidget()
    flow = Flow(whole)
    flow.setSpacing(6)
    buttons = [QPushButton(str(number)) for number in range(5)]
    for button in buttons:
        button.setFixedSize(100 if width > 100 else 55, 20)
        flow.addWidget(button)
    buttons[4].hide()
    whole.resize(width, 300)
    whole.show()
    assert len({button.y() for button in buttons[:4]}) == lines
    assert flow.heightForWidth(width) == lines * 26 - 6
    assert all(button.x() + button.width() <= width for button in buttons[:4])
    assert flow.minimumSize().width() == buttons[0].width()
    assert flow.sizeHint().width() == 4 * buttons[0].width() + 3 * 6
    whole.hide()
