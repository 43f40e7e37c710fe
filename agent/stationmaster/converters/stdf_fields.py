"""The fields of STDF records: layouts, and how a record that ends early is read."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct, calcsize, error
from typing import Final

from stationmaster.api.text import printable
from stationmaster.converters.stdf_stream import (
    BPS,
    DTR,
    HBR,
    MIR,
    MRR,
    PMR,
    PRR,
    SBR,
    TSR,
    WIR,
    WRR,
)

Fields = Mapping[str, int | float | str]
"""Fields by name; what the record does not reach is not there."""


def text_of(data: bytes) -> str:
    """A text field: UTF-8, else the Windows page; padding is left out."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return printable(text).strip()


def texts_of(record: bytes, position: int, most: int = -1) -> tuple[list[str], int]:
    """Texts (a length byte each) until the record's end or `most` of them; and where the last ends.

    Raises:
        ValueError: a text is longer than the record.
    """
    found: list[str] = []
    size = len(record)
    while position < size and len(found) != most:
        stop = position + 1 + record[position]
        if stop > size:
            raise ValueError(f"a text of {record[position]} bytes, and {size - position - 1} are left")
        found.append(text_of(record[position + 1 : stop]))
        position = stop
    return found, position


def bits_of(record: bytes, position: int, order: str) -> tuple[list[int], int]:
    """Numbers of the bits that are set in a field of type Dn, and where it ends.

    Raises:
        ValueError: it is longer than the record.
    """
    if position + 2 > len(record):
        return [], len(record)
    size = int.from_bytes(record[position : position + 2], "little" if order == "<" else "big")
    stop = position + 2 + (size + 7) // 8
    if stop > len(record):
        raise ValueError(f"a field of {size} bits, and {len(record) - position - 2} bytes are left")
    data = record[position + 2 : stop]
    return [8 * at + bit for at, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1], stop


class Layout:
    """Fixed fields, then texts, of one kind of record."""

    def __init__(self, fixed: str, texts: str = "") -> None:
        """Know the fields.

        Args:
            fixed: names with their `struct` letters, such as `START_T:I`.
            texts: names of the texts that follow.
        """
        pairs = [one.split(":") for one in fixed.split()]
        self._names = [name for name, _letter in pairs]
        self._letters = [letter for _name, letter in pairs]
        self._texts = texts.split()
        self._whole = {order: Struct(order + "".join(self._letters)) for order in "<>"}

    def read(self, record: bytes, order: str) -> dict[str, int | float | str]:
        """The fields of a record.

        Raises:
            ValueError: a text is longer than the record.
        """
        whole = self._whole[order]
        stop = 4 + whole.size
        if len(record) >= stop:
            values = whole.unpack_from(record, 4)
        else:
            letters, stop = self._short(record), len(record)
            values = Struct(order + letters).unpack_from(record, 4)
        found: dict[str, int | float | str] = {
            name: text_of(value) if isinstance(value, bytes) else value
            for name, value in zip(self._names, values, strict=False)
        }
        texts, _stop = texts_of(record, stop, len(self._texts))
        found.update(zip(self._texts, texts, strict=False))
        return found

    def _short(self, record: bytes) -> str:
        letters = ""
        for letter in self._letters:
            if 4 + calcsize("<" + letters + letter) > len(record):
                break
            letters += letter
        return letters


_COUNTS: Final = "PART_CNT:I RTST_CNT:I ABRT_CNT:I GOOD_CNT:I FUNC_CNT:I"
_BIN: Final = "HEAD_NUM:B SITE_NUM:B BIN_NUM:H BIN_CNT:I PF:c"
LAYOUTS: Final[dict[int, Layout]] = {
    MIR: Layout(
        "SETUP_T:I START_T:I STAT_NUM:B MODE_COD:c RTST_COD:c PROT_COD:c BURN_TIM:H CMOD_COD:c",
        "LOT_ID PART_TYP NODE_NAM TSTR_TYP JOB_NAM JOB_REV SBLOT_ID OPER_NAM EXEC_TYP EXEC_VER TEST_COD "
        "TST_TEMP USER_TXT AUX_FILE PKG_TYP FAMLY_ID DATE_COD FACIL_ID FLOOR_ID PROC_ID OPER_FRQ SPEC_NAM "
        "SPEC_VER FLOW_ID SETUP_ID DSGN_REV ENG_ID ROM_COD SERL_NUM SUPR_NAM",
    ),
    MRR: Layout("FINISH_T:I DISP_COD:c", "USR_DESC EXC_DESC"),
    WIR: Layout("HEAD_NUM:B SITE_GRP:B START_T:I", "WAFER_ID"),
    WRR: Layout(
        "HEAD_NUM:B SITE_GRP:B FINISH_T:I " + _COUNTS,
        "WAFER_ID FABWF_ID FRAME_ID MASK_ID USR_DESC EXC_DESC",
    ),
    PMR: Layout("PMR_INDX:H CHAN_TYP:H", "CHAN_NAM PHY_NAM LOG_NAM"),
    PRR: Layout(
        "HEAD_NUM:B SITE_NUM:B PART_FLG:B NUM_TEST:H HARD_BIN:H SOFT_BIN:H X_COORD:h Y_COORD:h TEST_T:I",
        "PART_ID PART_TXT",
    ),
    HBR: Layout(_BIN, "BIN_NAM"),
    SBR: Layout(_BIN, "BIN_NAM"),
    TSR: Layout(
        "HEAD_NUM:B SITE_NUM:B TEST_TYP:c TEST_NUM:I EXEC_CNT:I FAIL_CNT:I ALRM_CNT:I", "TEST_NAM SEQ_NAME"
    ),
    BPS: Layout("", "SEQ_NAME"),
    DTR: Layout("", "TEXT_DAT"),
}

_STATION_TEXTS: Final = tuple(
    f"{what}_{field}"
    for what in ("HAND", "CARD", "LOAD", "DIB", "CABL", "CONT", "LASR", "EXTR")
    for field in ("TYP", "ID")
)


def station_of(record: bytes) -> dict[str, str]:
    """The equipment that an SDR record names.

    Raises:
        ValueError: a text is longer than the record.
    """
    sites = record[6] if len(record) > 6 else 0
    texts, _stop = texts_of(record, 7 + sites, len(_STATION_TEXTS))
    return dict(zip(_STATION_TEXTS, texts, strict=False))


_GENERIC: Final = {1: "B", 2: "H", 3: "I", 4: "b", 5: "h", 6: "i", 7: "f", 8: "d"}


def generic_of(record: bytes, order: str) -> list[str]:
    """The values of a GDR record as texts; bytes and bits in hexadecimal.

    Raises:
        ValueError: a field is longer than the record, or of a kind that STDF does not have.
    """
    if len(record) < 6:
        return []
    [count] = Struct(order + "H").unpack_from(record, 4)
    position, found = 6, []
    try:
        for _ in range(count):
            if position >= len(record):
                break
            text, position = _generic(record, position, order)
            if text is not None:
                found.append(text)
    except (error, IndexError) as wrong:
        raise ValueError("a field is longer than the record") from wrong
    return found


def _generic(record: bytes, position: int, order: str) -> tuple[str | None, int]:
    kind = record[position]
    position += 1
    if kind == 0:
        return None, position
    if kind in _GENERIC:
        one = Struct(order + _GENERIC[kind])
        [value] = one.unpack_from(record, position)
        return f"{value:.9g}" if kind in {7, 8} else str(value), position + one.size
    if kind == 13:
        return str(record[position] & 15), position + 1
    if kind in {10, 11}:
        head, size = 1, record[position]
    elif kind == 12:
        head = 2
        size = (Struct(order + "H").unpack_from(record, position)[0] + 7) // 8
    else:
        raise ValueError(f"a field of type {kind}, which STDF does not have")
    stop = position + head + size
    if stop > len(record):
        raise ValueError("a field is longer than the record")
    data = record[position + head : stop]
    return text_of(data) if kind == 10 else data.hex(), stop
