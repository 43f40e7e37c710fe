"""TDMS files written with npTDMS' own writer; without npTDMS there are none."""

from __future__ import annotations

import io
import struct
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


def daqmx(properties: Mapping[str, str], values: Sequence[int], *, slope: float | None = None) -> bytes:
    """A file with raw 16-bit values as DAQmx stores them, in the channel G/C; npTDMS writes none.

    Args:
        properties: of the file, texts.
        values: raw ones.
        slope: how they are scaled; None: the file does not say.
    """

    def text(word: str) -> bytes:
        return struct.pack("<I", len(word)) + word.encode()

    def told(named: Mapping[str, str | int | float]) -> bytes:
        found = struct.pack("<I", len(named))
        for name, value in named.items():
            found += text(name)
            if isinstance(value, str):
                found += struct.pack("<I", 0x20) + text(value)
            else:
                found += (
                    struct.pack("<II", 7, value) if isinstance(value, int) else struct.pack("<Id", 10, value)
                )
        return found

    scaling: dict[str, str | int | float] = {}
    if slope is not None:
        linear = "NI_Scale[1]_Linear_"
        scaling = {
            "NI_Scaling_Status": "unscaled",
            "NI_Number_Of_Scales": 2,
            "NI_Scale[1]_Scale_Type": "Linear",
        }
        scaling |= {f"{linear}Slope": slope, f"{linear}Y_Intercept": 0.0, f"{linear}Input_Source": 0}
    # the type of raw data, dimension and count; one scaler of 16 bits; one buffer of 2 bytes a value
    index = struct.pack("<IIIQ", 0x1269, 0xFFFFFFFF, 1, len(values)) + struct.pack(
        "<8I", 1, 3, 0, 0, 0, 0, 1, 2
    )
    none = b"\xff\xff\xff\xff"
    meta = struct.pack("<I", 3) + text("/") + none + told(properties)
    meta += text("/'G'") + none + told({}) + text("/'G'/'C'") + index + told(scaling)
    raw = struct.pack(f"<{len(values)}h", *values)
    lead_in = b"TDSm" + struct.pack("<IIQQ", 0x8E, 4713, len(meta) + len(raw), len(meta))
    return lead_in + meta + raw


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
