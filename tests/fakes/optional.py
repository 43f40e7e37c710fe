"""Converters that need a library which not every environment has."""

from __future__ import annotations

import pytest

LIBRARIES = {"tdms": "nptdms"}


def skip_without(converter: str) -> None:
    """Skip the test where the converter's library is not installed."""
    if converter in LIBRARIES:
        reason = f"{LIBRARIES[converter]} is not installed: the extra {converter}"
        pytest.importorskip(LIBRARIES[converter], reason=reason)
