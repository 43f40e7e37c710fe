"""Stationmaster: from a tester's result file to the WATS server, exactly once."""

__version__ = "0.1.0"
