"""Two small charts of a report: measurements against their limits, and waveforms."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from stationmaster_tray import theme
from stationmaster_tray.markup import tip
from stationmaster_tray.report.document import FAILED
from stationmaster_tray.report.measure import Measured, Wave
from stationmaster_tray.report.wording import verdict
from stationmaster_tray.text import plural, tr

_GAP = 6.0
_EDGE = 0.5
"""How far beyond its limits a value is drawn where it is, in lengths of the range; others are at the edge."""
_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Of lines, so that colour is not all that tells them apart."""
_COLOURS = ("accent", "good", "call", "calm")


class _Plot(QWidget):
    """Title above, plot below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(self.fontMetrics().height() * 6)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ten lines of text high, at each scaling."""
        return QSize(260, self.fontMetrics().height() * 10)

    def _title(self, painter: QPainter, text: str) -> None:
        painter.setPen(QColor(theme.colours().ink))
        metrics = self.fontMetrics()
        fitting = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QPointF(0, metrics.ascent()), fitting)


class LimitChart(_Plot):
    """Each measurement as a point in the band of what passes; a failed one is a cross."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._measured: Sequence[Measured] = ()

    def show_measured(self, measured: Sequence[Measured]) -> None:
        """Draw these."""
        self._measured = measured
        self.setAccessibleName(tr("Measurements against their limits"))
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """The whole in words."""
        if not self._measured:
            return tr("No measurements with limits here")
        failed = sum(one.status in FAILED for one in self._measured)
        said = plural(
            len(self._measured),
            "{count} measurement against its limits",
            "{count} measurements against their limits",
        )
        return tr("{said}, {failed}", said=said, failed=plural(failed, "{count} failed", "{count} failed"))

    # ---------------------------------------------------------------- Qt's calls
    def event(self, event: QEvent) -> bool:
        """Tell the measurement below the pointer."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            plot = self._plot()
            place = int((event.pos().x() - plot.left()) / max(1.0, plot.width()) * len(self._measured))
            if plot.contains(QPointF(event.pos())) and 0 <= place < len(self._measured):
                QToolTip.showText(event.globalPos(), tip(words(self._measured[place])), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw band, limits and values."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._title(painter, self.summary())
        if not self._measured:
            return
        colours, plot, metrics = theme.colours(), self._plot(), self.fontMetrics()
        high, low = _height(plot, 1.0), _height(plot, 0.0)
        painter.fillRect(QRectF(plot.left(), high, plot.width(), low - high), QColor(colours.raised))
        painter.setPen(QPen(QColor(colours.quiet), 1, Qt.PenStyle.DashLine))
        for y in (high, low):
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(QColor(colours.quiet))
        middle = (metrics.ascent() - metrics.descent()) / 2
        for y, text in ((high, tr("high")), (low, tr("low"))):
            x = plot.left() - _GAP - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x, y + middle), text)
        step = plot.width() / len(self._measured)
        for place, one in enumerate(self._measured):
            _point(painter, QPointF(plot.left() + (place + 0.5) * step, _height(plot, one.position)), one)

    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(text) for text in (tr("high"), tr("low"))) + _GAP
        top = metrics.height() + _GAP
        return QRectF(left, top, self.width() - left - 1, self.height() - top - _GAP)


def words(one: Measured) -> str:
    """A measurement in words."""
    ends = [
        f"{sign} {end:.10g}" for sign, end in (("≥", one.low), ("≤", one.high)) if end is not None
    ]  # fmt: skip
    return f"{one.name}: {one.value:.10g} {one.unit}".rstrip() + f" ({', '.join(ends)}) {verdict(one.status)}"


def _height(plot: QRectF, position: float) -> float:
    kept = min(1 + _EDGE, max(-_EDGE, position))
    return plot.bottom() - (kept + _EDGE) / (1 + 2 * _EDGE) * plot.height()


def _point(painter: QPainter, at: QPointF, one: Measured) -> None:
    colours = theme.colours()
    if one.status not in FAILED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(at, 3, 3)
        return
    # A value beyond the edge stands at it; the cross must not be cut off.
    painter.setPen(QPen(QColor(colours.call), 2))
    for way in (1, -1):
        painter.drawLine(at + QPointF(-4, -4 * way), at + QPointF(4, 4 * way))


class WaveChart(_Plot):
    """The lines of a waveform."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Empty at first."""
        super().__init__(parent)
        self._wave: Wave | None = None

    def show_wave(self, wave: Wave | None) -> None:
        """Draw this."""
        self._wave = wave
        self.setAccessibleName(wave.title if wave else tr("Waveform"))
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """The whole in words."""
        if self._wave is None:
            return tr("No waveform here")
        lines = "; ".join(
            tr("{name}: {points}", name=one.name, points=plural(one.count, "{count} point", "{count} points"))
            for one in self._wave.lines
        )
        return tr("{title}, {lines}", title=self._wave.title, lines=lines)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw title, axes and lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wave = self._wave
        self._title(painter, self.summary())
        points = [point for one in wave.lines for point in one.points] if wave else []
        if wave is None or not points:
            return
        xs, ys = _range([x for x, _ in points]), _range([y for _, y in points])
        plot = self._axes(painter, wave, xs, ys)
        for number, one in enumerate(wave.lines):
            colour = QColor(getattr(theme.colours(), _COLOURS[number % len(_COLOURS)]))
            painter.setPen(QPen(colour, 1.5, _STYLES[number % len(_STYLES)]))
            placed = [
                QPointF(
                    plot.left() + (x - xs[0]) / (xs[1] - xs[0]) * plot.width(),
                    plot.bottom() - (y - ys[0]) / (ys[1] - ys[0]) * plot.height(),
                )
                for x, y in one.points
            ]
            if len(placed) == 1:
                painter.drawEllipse(placed[0], 2, 2)
            painter.drawPolyline(QPolygonF(placed))

    def _axes(
        self, painter: QPainter, wave: Wave, xs: tuple[float, float], ys: tuple[float, float]
    ) -> QRectF:
        metrics, colours = self.fontMetrics(), theme.colours()
        low, high = (_tick(y, log=wave.log_y) for y in ys)
        left = max(metrics.horizontalAdvance(text) for text in (low, high)) + _GAP
        top = 2 * metrics.height() + _GAP
        plot = QRectF(left, top, self.width() - left - 1, self.height() - top - metrics.height() - _GAP)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRect(plot)
        painter.setPen(QColor(colours.quiet))
        painter.drawText(QPointF(0, 2 * metrics.height() - metrics.descent()), wave.y_title)
        for text, y in ((high, plot.top() + metrics.ascent()), (low, plot.bottom())):
            painter.drawText(QPointF(left - _GAP - metrics.horizontalAdvance(text), y), text)
        bottom = self.height() - metrics.descent()
        begin, end = (_tick(x, log=wave.log_x) for x in xs)
        painter.drawText(QPointF(plot.left(), bottom), begin)
        painter.drawText(QPointF(plot.right() - metrics.horizontalAdvance(end), bottom), end)
        middle = plot.center().x() - metrics.horizontalAdvance(wave.x_title) / 2
        painter.drawText(QPointF(middle, bottom), wave.x_title)
        return plot


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        return low - 0.5, high + 0.5
    return low, high


def _tick(value: float, *, log: bool) -> str:
    return f"{10**value if log else value:.4g}"
