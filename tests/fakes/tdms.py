"""TDMS files written with npTDMS' own writer; without npTDMS there are none."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

START = "2026-03-02T07:35:30"
"""UTC, as the format has it."""


def tdms(
    properties: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]] | None = None,
    channels: Sequence[tuple[str, str, Any, Mapping[str, Any]]] = (),
) -> bytes:
    """A file.

    Args:
        properties: of the file.
        groups: properties of groups, by name.
        channels: group, name, values and properties of each.
    """
    library = import_module("nptdms")
    file = io.BytesIO()
    objects = [library.RootObject(properties=dict(properties))]
    objects += [library.GroupObject(name, properties=dict(given)) for name, given in (groups or {}).items()]
    objects += [
        library.ChannelObject(group, name, values, properties=dict(given))
        for group, name, values, given in channels
    ]
    with library.TdmsWriter(file) as writer:
        writer.write_segment(objects)
    return file.getvalue()


def sample() -> bytes:
    """A small file: the sample of the documentation."""
    numpy = import_module("numpy")
    ripple = 5 + numpy.sin(numpy.arange(200) / 10) / 100
    waveform = {
        "wf_start_time": numpy.datetime64(START),
        "wf_increment": 0.001,
        "wf_start_offset": 0.0,
        "wf_samples": 200,
        "unit_string": "V",
    }
    return tdms(
        {"DUT": "SN-1001", "Product": "BRD-7", "Author": "kim", "Verdict": "PASS", "Temperature": 24.5},
        {"Supply": {"Vcc": 5.01, "Vcc low": 4.75, "Vcc high": 5.25}},
        [("Supply", "Ripple", ripple, waveform)],
    )
