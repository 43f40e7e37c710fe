"""STDF files made record by record, in both byte orders, by the format's own words.

It shares nothing with the converter, so that the two cannot be wrong in the same way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Self

START = 1_772_440_530
"""2026-03-02 08:35:30 on the tester's wall, as testers keep it: as if that were UTC."""

ALL = 100
"""How many fields a record has at most: none is left out."""


class Stdf:
    """A file: each method adds one record and returns the file."""

    def __init__(self, order: str = "<", *, version: int = 4) -> None:
        """Begin with FAR; `order` is `<` (PC) or `>` (Sun)."""
        self.order = order
        self.data = bytearray()
        self.record(0, 10, bytes((2 if order == "<" else 1, version)))

    def record(self, kind: int, sub: int, payload: bytes) -> Self:
        """Any record."""
        self.data += struct.pack(f"{self.order}HBB", len(payload), kind, sub) + payload
        return self

    def pack(self, letters: str, *values: float | bytes) -> bytes:
        """Numbers without gaps."""
        return struct.pack(self.order + letters, *values)

    def mir(self, *, start: int = START, short: int = ALL, **texts: str) -> Self:
        """The lot. `short`: how many texts are written at most."""
        first = ("lot", "part", "node", "tester", "job", "job_rev", "sublot", "operator", "exec", "exec_ver")
        more = ("test_cod", "temperature", "user_text", "aux", "package", "family", "date", "facility")
        names = (
            *first,
            *more,
            "floor",
            "process",
            "oper_frq",
            "spec",
            "spec_ver",
            "flow",
            "setup",
            "dsgn_rev",
        )
        given = {"lot": "LOT-7", "part": "BRD-7", "node": "ate-3", "job": "final", "operator": "kim"} | texts
        assert given.keys() <= set(names)
        payload = self.pack("IIBcccHc", start - 60, start, 1, b"P", b" ", b" ", 65535, b" ")
        return self.record(1, 10, payload + b"".join(text(given.get(name, "")) for name in names[:short]))

    def mrr(self, finish: int = START + 100) -> Self:
        """The end."""
        return self.record(1, 20, self.pack("Ic", finish, b" "))

    def sdr(self, **texts: str) -> Self:
        """Equipment of two sites."""
        names = ("handler_type", "handler", "card_type", "card", "load_type", "load", "dib_type", "dib")
        payload = bytes((1, 1, 2, 1, 2))
        return self.record(1, 80, payload + b"".join(text(texts.get(name, "")) for name in names))

    def pmr(self, index: int, channel: str, physical: str = "", logical: str = "") -> Self:
        """A pin."""
        names = text(channel) + text(physical) + text(logical)
        return self.record(1, 60, self.pack("HH", index, 0) + names + bytes((1, 1)))

    def bin(self, number: int, name: str, passes: str, *, soft: bool = False) -> Self:
        """A bin's name: `passes` is P, F or a blank."""
        payload = self.pack("BBHIc", 255, 1, number, 1, passes.encode())
        return self.record(1, 50 if soft else 40, payload + text(name))

    def tsr(self, number: int, name: str) -> Self:
        """A test's name, at the end of the file."""
        return self.record(10, 30, self.pack("BBcIIII", 255, 1, b"P", number, 1, 0, 0) + text(name))

    def wir(self, wafer: str, *, head: int = 1, start: int = START) -> Self:
        """A wafer begins."""
        return self.record(2, 10, self.pack("BBI", head, 255, start) + text(wafer))

    def wrr(self, wafer: str, *, head: int = 1) -> Self:
        """A wafer ends."""
        counts = (4294967295,) * 4
        return self.record(2, 20, self.pack("BBIIIIII", head, 255, START, 1, *counts) + text(wafer))

    def pir(self, site: int = 1, *, head: int = 1) -> Self:
        """A part begins."""
        return self.record(5, 10, bytes((head, site)))

    def prr(
        self,
        part: str = "SN-1001",
        *,
        site: int = 1,
        head: int = 1,
        flags: int = 0,
        bins: tuple[int, int] = (1, 1),
        place: tuple[int, int] = (-32768, -32768),
        millis: int = 0,
        words: str = "",
    ) -> Self:
        """A part ends."""
        payload = self.pack("BBBHHHhhI", head, site, flags, 1, *bins, *place, millis)
        return self.record(5, 20, payload + text(part) + text(words) + b"\0")

    def ptr(
        self,
        number: int,
        value: float,
        name: str = "",
        *,
        site: int = 1,
        head: int = 1,
        flags: int = 0,
        more: int = 0xC0,
        options: int = 0,
        scale: int = 0,
        low: float = 0.0,
        high: float = 0.0,
        unit: str = "V",
        alarm: str = "",
        specs: tuple[float, float] | None = None,
        fields: int = ALL,
    ) -> Self:
        """One result; the record ends after so many `fields`, counted from RESULT (1) on."""
        parts = [
            self.pack("f", value),
            text(name),
            text(alarm),
            bytes((options,)),
            *(self.pack("b", scale) for _ in range(3)),
            self.pack("f", low),
            self.pack("f", high),
            text(unit),
            *(text("%7.3f") for _ in range(3)),
            *([] if specs is None else [self.pack("f", one) for one in specs]),
        ]
        head_of_it = self.pack("IBBBB", number, head, site, flags, more)
        return self.record(15, 10, head_of_it + b"".join(parts[:fields]))

    def mpr(
        self,
        number: int,
        values: Sequence[float],
        name: str = "",
        *,
        pins: Sequence[int] = (),
        site: int = 1,
        flags: int = 0,
        more: int = 0xC0,
        options: int = 2,
        low: float = 0.0,
        high: float = 0.0,
        sweep: tuple[float, float] = (0.0, 0.0),
        unit: str = "V",
        unit_in: str = "",
        fields: int = ALL,
    ) -> Self:
        """Several results; the record ends after so many `fields`, counted from TEST_TXT (1) on."""
        states = bytes((len(pins) + 1) // 2)
        parts = [
            text(name),
            text(""),
            bytes((options,)),
            b"\0\0\0",
            self.pack("ffff", low, high, *sweep),
            self.pack(f"{len(pins)}H", *pins),
            text(unit),
            text(unit_in),
            text("") * 3,
        ]
        head_of_it = self.pack("IBBBBHH", number, 1, site, flags, more, len(pins), len(values))
        results = self.pack(f"{len(values)}f", *values)
        return self.record(15, 15, head_of_it + states + results + b"".join(parts[:fields]))

    def ftr(
        self,
        number: int,
        name: str = "",
        *,
        site: int = 1,
        flags: int = 0,
        options: int = 0,
        cycle: int = 0,
        failing: Sequence[int] = (),
        vector: str = "",
        pins: int = 0,
        whole: bool = True,
    ) -> Self:
        """A functional test; `whole`: with all fields, else only until OPT_FLAG."""
        start = self.pack("IBBBB", number, 1, site, flags, options)
        if not whole:
            return self.record(15, 20, start)
        bits = bytearray((max(failing, default=-1) + 8) // 8)
        for pin in failing:
            bits[pin // 8] |= 1 << pin % 8
        payload = self.pack("IIIIiihHH", cycle, 7, 1, len(failing), 0, 0, 0, pins, 0)
        payload += self.pack(f"{pins}H", *range(pins)) + bytes((pins + 1) // 2)
        payload += self.pack("H", len(bits) * 8) + bytes(bits)
        payload += text(vector) + text("") * 2 + text(name) + text("") * 3
        return self.record(15, 20, start + payload)

    def bps(self, name: str) -> Self:
        """A section of the program begins."""
        return self.record(20, 10, text(name))

    def eps(self) -> Self:
        """It ends."""
        return self.record(20, 20, b"")

    def dtr(self, words: str) -> Self:
        """A text."""
        return self.record(50, 30, text(words))

    def gdr(self, *fields: tuple[int, bytes]) -> Self:
        """Typed fields: kind and bytes."""
        payload = b"".join(bytes((kind,)) + data for kind, data in fields)
        return self.record(50, 10, self.pack("H", len(fields)) + payload)

    def bytes(self) -> bytes:
        """The file so far."""
        return bytes(self.data)


def text(words: str) -> bytes:
    """A text with its length before it."""
    data = words.encode()
    return bytes((len(data),)) + data


def sample(order: str = "<") -> bytes:
    """A small whole file with one part that passed: the sample of the documentation."""
    file = Stdf(order).mir(job_rev="2.1").sdr(load="LB-4").pmr(1, "ch1", "VDD").pmr(2, "ch2", "VIO")
    file.pir().ptr(100, 5.01, "Supply", low=4.75, high=5.25)
    file.ptr(110, 0.0123, "Current", low=0.005, high=0.05, unit="A", scale=3)
    file.mpr(200, (3.31, 3.29), "Rails", pins=(1, 2), low=3.2, high=3.4)
    file.ftr(300, "Scan chain", vector="scan_1", cycle=1024).prr(millis=1250)
    return file.bin(1, "good", "P").mrr().bytes()


def large(parts: int, tests: int, order: str = "<") -> bytes:
    """Parts with so many tests each: names and limits stand in the first part only, as testers write it."""
    file = Stdf(order).mir()
    for part in range(parts):
        file.pir()
        for test in range(tests):
            file.ptr(
                1000 + test,
                test + part / 1000,
                f"Measurement_{test}_of_the_supply_rail",
                low=0.0,
                high=1e6,
                fields=ALL if part == 0 else 3 if part % 2 else ALL,
            )
        file.prr(f"SN-{part:06}", millis=1000)
    return file.mrr().bytes()
