"""Channels of many values: a curve of few points that keeps each peak, and statistics, in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from stationmaster.api import ConversionError
from stationmaster.converters.tdms_file import Tdms


@dataclass(slots=True)
class Curve:
    """What one pass over a channel gives.

    Attributes:
        x: index of each point among the values.
        y: the points: all values, or least and greatest of each stretch of them, in their order.
        count: how many values are numbers or infinite; the statistics are over these.
        endless: how many of these are infinite: beyond the range of what measured them.
        nothing: how many are not a number.
    """

    x: list[int] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    count: int = 0
    endless: int = 0
    nothing: int = 0
    first: float = math.nan
    last: float = math.nan
    least: float = math.inf
    greatest: float = -math.inf
    total: float = 0.0
    squares: float = 0.0

    def statistic(self, name: str) -> float | None:
        """One of first, last, min, max, mean, rms; None without a value, or where no number can say it.

        The first four may be infinite: a value beyond the range is none that can be left out.
        """
        if not self.count:
            return None
        single = {"first": self.first, "last": self.last, "min": self.least, "max": self.greatest}
        if name in single:
            return single[name]
        found = self.total / self.count if name == "mean" else math.sqrt(self.squares / self.count)
        return found if math.isfinite(found) else None


def read_curve(tdms: Tdms, path: str, points: int) -> Curve:
    """Read a channel of numbers; a curve of at most `points` points, 2 or more.

    Raises:
        ConversionError: it cannot be read.
    """
    curve = Curve()
    length = tdms.length(path)
    stretches = max(1, points // 2)
    step = 1 if length <= points else -(-length // stretches)
    begin = 0
    for piece in tdms.pieces(path, step):
        try:
            _add(curve, piece, begin, step)
        except (TypeError, ValueError) as error:
            raise ConversionError(f"its values are no numbers: {error}", place=path) from error
        begin += len(piece)
    return curve


def _add(curve: Curve, piece: object, begin: int, step: int) -> None:
    import numpy as np  # noqa: PLC0415 - comes with npTDMS, which is optional

    values = np.asarray(piece, dtype=float)
    finite = np.isfinite(values)
    good = values[~np.isnan(values)]
    curve.nothing += int(len(values) - good.size)
    curve.endless += int(good.size - np.count_nonzero(finite))
    if good.size:
        if not curve.count:
            curve.first = float(good[0])
        curve.last = float(good[-1])
        curve.count += int(good.size)
        curve.least = min(curve.least, float(good.min()))
        curve.greatest = max(curve.greatest, float(good.max()))
        with np.errstate(over="ignore", invalid="ignore"):  # the statistic is left out then
            curve.total += float(good.sum())
            curve.squares += float(good @ good)
    if step == 1:
        curve.x.extend((np.nonzero(finite)[0] + begin).tolist())
        curve.y.extend(values[finite].tolist())
        return
    for start in range(0, len(values), step):
        stretch = values[start : start + step]
        there = np.nonzero(finite[start : start + step])[0]
        if not there.size:
            continue
        kept = stretch[there]
        ends = {int(there[kept.argmin()]), int(there[kept.argmax()])}
        for at in sorted(ends):
            curve.x.append(begin + start + at)
            curve.y.append(float(stretch[at]))
