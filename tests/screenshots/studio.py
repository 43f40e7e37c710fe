"""Takes the pictures: the tray app in this process, with an agent that works, in one scheme of colours."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from fakes.station import Station
from fakes.waiting import until
from screenshots.gallery import SHOTS
from screenshots.stage import Story
from stationmaster_tray.app import TrayApp
from stationmaster_tray.call import CallBar
from stationmaster_tray.desk import Page
from stationmaster_tray.notice import Notice

_KNOWN = {shot.name for shot in SHOTS}
_COLOURS = 256


class Studio:
    """The tray app, the agent that it follows, the time that is told, and the folder for the pictures."""

    def __init__(self, tray: TrayApp, station: Station, story: Story, scheme: str, out: Path) -> None:
        self.tray = tray
        self.station = station
        self.story = story
        self.scheme = scheme
        self.notices: list[Notice] = []
        self.out = out

    @property
    def page(self) -> Page:
        """The page that is shown."""
        page = self.tray.window.page
        assert page is not None
        return page

    async def settle(self, *, wait: bool = True) -> None:
        """Let everything be drawn that was asked for; with `wait` no call is under way any more."""
        if wait:
            await until(lambda: not any(bar.busy for bar in self._bars()), what="the answers")
        for _ in range(12):
            await asyncio.sleep(0.02)

    async def picture(self, name: str, widget: QWidget | None = None, *, wait: bool = True) -> None:
        """A picture of a widget, or the window."""
        await self.settle(wait=wait)
        self.keep(name, (widget or self.tray.window).grab().toImage())

    def keep(self, name: str, picture: QImage) -> None:
        """Save one of the gallery's pictures."""
        assert name in _KNOWN, f"{name} is no picture of the gallery"
        save(picture, self.out / f"{name}-{self.scheme}.png")

    async def open(self, name: str, argument: object = None, *, wait: bool = True) -> None:
        """Open a page."""
        self.tray.window.open_page(name, argument)
        await self.settle(wait=wait)

    def real_now(self) -> datetime:
        """The agent's time, which the pictures do not tell."""
        return datetime.now(UTC)

    @contextmanager
    def silent_agent(self) -> Iterator[None]:
        """The agent hangs: what is asked of it now stays unanswered."""
        assert self.station.agent is not None
        os.kill(self.station.agent.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.station.agent.pid, signal.SIGCONT)

    def _bars(self) -> list[CallBar]:
        return [bar for bar in self.tray.window.findChildren(CallBar) if bar.isVisible() or bar.busy]


def save(picture: QImage, file: Path) -> None:
    """As small as PNG can be: with a palette, of the commonest colours where there are too many."""
    solid = picture.convertToFormat(QImage.Format.Format_RGB32)
    wide, high = solid.width(), solid.height()
    pixels = np.frombuffer(solid.constBits(), np.uint32).reshape(high, solid.bytesPerLine() // 4)[:, :wide]
    colours, places, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    kept = _palette(colours, counts)
    found = _parts(colours)[:, None, :] - _parts(colours[kept])[None, :, :]
    nearest = (found**2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    indexed = np.ascontiguousarray(nearest[places].reshape(high, wide))
    made = QImage(indexed.data, wide, high, wide, QImage.Format.Format_Indexed8)
    made.setColorTable([int(colour) for colour in colours[kept]])
    smallest = 0  # the quality that Qt takes for: compress as well as can be
    assert made.save(str(file), None, smallest), file


def _palette(colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which colours are kept: the commonest, then always the one that is farthest from all that are kept."""
    kept = np.argsort(-counts, kind="stable")[: _COLOURS // 2]
    parts = _parts(colours)
    far = ((parts[:, None, :] - parts[kept][None, :, :]) ** 2).sum(axis=2).min(axis=1)
    while len(kept) < min(_COLOURS, len(colours)):
        one = int(far.argmax())
        kept = np.append(kept, one)
        far = np.minimum(far, ((parts - parts[one]) ** 2).sum(axis=1))
    return kept


def _parts(colours: np.ndarray) -> np.ndarray:
    return np.stack([(colours >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.int32)
