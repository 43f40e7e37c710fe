"""The one chart of the product: stacked bars, or a line, over time; drawn by QPainter, told in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from stationmaster_tray import theme
from stationmaster_tray.markup import tip
from stationmaster_tray.text import number, tr

_GAP = 6.0
_TICKS = 4


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One row of values.

    Attributes:
        name: as the legend says it.
        colour: name of a colour of the theme.
        values: one for each moment.
        hatched: drawn with a pattern, so that the colour alone tells nothing.
    """

    name: str
    colour: str
    values: tuple[float, ...]
    hatched: bool = False


class ChartData(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart shows.

    Attributes:
        moments: begin of each bucket, oldest first.
        label: writes a moment below the axis.
        value: writes a value.
        line: a line instead of bars.
    """

    title: str
    moments: tuple[datetime, ...]
    series: tuple[Series, ...]
    label: Callable[[datetime], str]
    value: Callable[[float], str] = number
    line: bool = False

    @property
    def highest(self) -> float:
        """The height of the highest stack."""
        return max((sum(column) for column in self.columns), default=0.0)

    @property
    def columns(self) -> list[tuple[float, ...]]:
        """The values of each moment, in the order of the series."""
        return list(zip(*(one.values for one in self.series), strict=True))

    def words(self, column: int) -> str:
        """One moment in words."""
        parts = [
            tr("{name}: {value}", name=one.name, value=self.value(one.values[column])) for one in self.series
        ]
        return "\n".join((self.label(self.moments[column]), *parts))

    def summary(self) -> str:
        """The whole in words, for who does not see it."""
        if not self.moments:
            return tr("{title}: nothing yet", title=self.title)
        totals = ", ".join(
            tr(
                "{name} {value}",
                name=one.name,
                value=self.value(max(one.values) if self.line else sum(one.values)),
            )
            for one in self.series
        )
        return tr(
            "{title}, since {begin}: {totals}",
            title=self.title,
            begin=self.label(self.moments[0]),
            totals=totals,
        )


class Chart(QWidget):
    """Draws `ChartData`; hovering tells the values of a moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._data: ChartData | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_data(self, data: ChartData) -> None:
        """Draw this."""
        self._data = data
        self.setAccessibleName(data.title)
        self.setAccessibleDescription(data.summary())
        self.update()

    # ---------------------------------------------------------------- Qt's calls
    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Nine lines of text high, at each scaling."""
        return QSize(240, self.fontMetrics().height() * 9)

    def event(self, event: QEvent) -> bool:
        """Tell the values below the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            column = self._column(event.pos())
            if self._data is None or column is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), tip(self._data.words(column)), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw title, legend, axis and values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.colours()
        data = self._data
        metrics = self.fontMetrics()
        if data is None:
            return
        painter.setPen(QColor(colours.ink))
        painter.drawText(QPointF(0, metrics.ascent()), data.title)
        self._legend(painter, data, colours)
        plot = self._plot(data)
        if not data.moments or data.highest <= 0:
            painter.setPen(QColor(colours.quiet))
            painter.drawText(plot, Qt.AlignmentFlag.AlignCenter, tr("Nothing in this time"))
            return
        self._axis(painter, plot, data, colours)
        if data.line:
            _draw_line(painter, plot, data, colours)
        else:
            _draw_bars(painter, plot, data, colours)

    # ---------------------------------------------------------------- inside
    def _plot(self, data: ChartData) -> QRectF:
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance(data.value(data.highest)) + _GAP
        lines = 2 if self._is_tight(data) else 1
        top = lines * metrics.height() + 2 * _GAP
        return QRectF(left, top, self.width() - left - 1, self.height() - top - metrics.height() - _GAP)

    def _is_tight(self, data: ChartData) -> bool:
        """The legend has no room beside the title."""
        return len(data.series) > 1 and self._room(data) < sum(
            self.fontMetrics().horizontalAdvance(one.name) for one in data.series
        )

    def _room(self, data: ChartData, *, beside: bool = True) -> float:
        """What is left for the names of the legend, beside the title or below it."""
        metrics = self.fontMetrics()
        marks = len(data.series) * (metrics.ascent() * 0.8 + 4 + (3 if beside else 1) * _GAP)
        return self.width() - marks - (metrics.horizontalAdvance(data.title) if beside else 0)

    def _legend(self, painter: QPainter, data: ChartData, colours: theme.Colours) -> None:
        metrics: QFontMetrics = self.fontMetrics()
        right, side = float(self.width()), metrics.ascent() * 0.8
        shown = data.series if len(data.series) > 1 else ()
        tight = self._is_tight(data)
        room = self._room(data, beside=not tight)
        base = metrics.ascent() + (metrics.height() if tight else 0)
        for one, name in reversed(list(zip(shown, _fitting(metrics, shown, room), strict=True))):
            right -= metrics.horizontalAdvance(name)
            painter.setPen(QColor(colours.quiet))
            painter.drawText(QPointF(right, base), name)
            right -= side + 4
            painter.fillRect(QRectF(right, base - side, side, side), _brush(one, colours))
            right -= (1 if tight else 3) * _GAP

    def _axis(self, painter: QPainter, plot: QRectF, data: ChartData, colours: theme.Colours) -> None:
        painter.setPen(QPen(QColor(colours.line), 1))
        for part in (0.0, 0.5, 1.0):
            y = plot.bottom() - part * plot.height()
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(QColor(colours.quiet))
        metrics = self.fontMetrics()
        for part in (0.0, 1.0):
            y = plot.bottom() - part * plot.height() + (metrics.ascent() - metrics.descent()) / 2
            text = data.value(part * data.highest)
            painter.drawText(QPointF(plot.left() - _GAP - metrics.horizontalAdvance(text), y), text)
        free = 0.0
        for tick in range(_TICKS):
            column = tick * len(data.moments) // _TICKS
            x = plot.left() + plot.width() * column / len(data.moments)
            text = data.label(data.moments[column])
            if x >= free:  # else it would run into the one before
                painter.drawText(QPointF(x, self.height() - metrics.descent()), text)
                free = x + metrics.horizontalAdvance(text) + _GAP

    def _column(self, at: QPoint) -> int | None:
        if self._data is None or not self._data.moments:
            return None
        plot = self._plot(self._data)
        if not plot.contains(QPointF(at)):
            return None
        count = len(self._data.moments)
        return min(count - 1, int((at.x() - plot.left()) / plot.width() * count))


def _fitting(metrics: QFontMetrics, shown: Sequence[Series], room: float) -> list[str]:
    """The names of the series, the long ones cut so that all of them fit."""
    names = [one.name for one in shown]
    wide = sorted(metrics.horizontalAdvance(name) for name in names)
    limit, left = room, len(wide)
    for width in wide:
        if width > room / left:
            limit = room / left
            break
        room, left = room - width, left - 1
    return [metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(0, int(limit))) for name in names]


def _draw_bars(painter: QPainter, plot: QRectF, data: ChartData, colours: theme.Colours) -> None:
    step = plot.width() / len(data.moments)
    width = max(1.0, step * 0.72)
    for column, values in enumerate(data.columns):
        bottom = plot.bottom()
        for one, value in zip(data.series, values, strict=True):
            if value <= 0:
                continue
            # What is there is seen, however small it is beside the rest.
            height = max(2.0, plot.height() * value / data.highest)
            left = plot.left() + column * step + (step - width) / 2
            painter.fillRect(QRectF(left, bottom - height, width, height), _brush(one, colours))
            bottom -= height


def _draw_line(painter: QPainter, plot: QRectF, data: ChartData, colours: theme.Colours) -> None:
    step = plot.width() / len(data.moments)
    for one in data.series:
        points = QPolygonF(
            [
                QPointF(
                    plot.left() + (column + 0.5) * step, plot.bottom() - plot.height() * value / data.highest
                )
                for column, value in enumerate(one.values)
            ]
        )
        painter.setPen(QPen(QColor(getattr(colours, one.colour)), 2))
        painter.drawPolyline(points)


def _brush(one: Series, colours: theme.Colours) -> QBrush:
    pattern = Qt.BrushStyle.Dense3Pattern if one.hatched else Qt.BrushStyle.SolidPattern
    return QBrush(QColor(getattr(colours, one.colour)), pattern)
