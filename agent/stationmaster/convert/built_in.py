"""The built-in converters: name -> `module:Class`. Nothing is imported before it is asked for."""

from __future__ import annotations

from typing import Final

BUILT_INS: Final[dict[str, str]] = {
    "wsjf": "stationmaster.converters.wsjf:WsjfConverter",
    "wstf": "stationmaster.converters.wstf:WstfConverter",
    "openhtf": "stationmaster.converters.openhtf:OpenHtfConverter",
    "junit": "stationmaster.converters.junit:JUnitConverter",
}
