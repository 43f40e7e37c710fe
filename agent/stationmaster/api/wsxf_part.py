"""Elements of WSXF and WRML: attributes by name and type, errors with their line, what nobody reads told."""

from __future__ import annotations

from collections import Counter
from typing import Final

from stationmaster.api.measurement import number
from stationmaster.api.moment import mend, parse
from stationmaster.api.notes import Notes
from stationmaster.api.number import parse_number
from stationmaster.api.status import Status
from stationmaster.api.verdict import status_of
from stationmaster.api.xml import Element, local_name, place
from stationmaster.errors import ConversionError

FIRST_YEAR: Final = 1980
"""A time before it is a placeholder: writers leave 1900-01-01 where they know none."""

# Attributes that are read, and those that a report has no place for and that tell nothing by themselves.
_KNOWN: Final = {
    "reports": "",
    "report": "type id start start_utc result sn pn rev origin machinename location purpose productname",
    "uut": "userloginname batchsn testsocketindex executiontime fixtureid errorcode errormessage "
    "batchfailcount batchloopindex",
    "uur": "userloginname confirmdate finalizedate active executiontime referenceduut",
    "comment": "",
    "process": "code name guid",
    "miscinfo": "description numeric typedef idx order_no id",
    "reportunithierarchy": "parttype pn sn rev position idx parentidx replacedidx order_no",
    "partinfo": "parttype pn sn rev position idx order_no",
    "asset": "assetsn usagecount assettype partnumber idx order_no",
    "failures": "category code idx partidx compref stepid stepname funcblock functionblock failcode "
    "articlenumber articlerev articlevendor articledescription artnumber artrev artvendor artdescription",
    "binary": "name filename contenttype size failidx description",
    "additionaldata": "name idx",
    "additionalresults": "name stepid idx",
    "prop": "name type flags comment numfmt numericformat",
    "value": "id",
    "reportinfo": "key value",
    "step": "id stepid parentstepid group name steptype status total_time module_time tsguid stepindex idx "
    "start steperrorcode steperrormessage stepcauseduutfailure stepcausedsequencefailure reporttext",
    "reporttext": "stepid",
    "loop": "stepid num passed failed ending_index index",
    "sequencecall": "stepid measindex name version filename filepath",
    "numericlimit": "stepid name numericvalue units compoperator highlimit lowlimit status measindex "
    "measordernumber",
    "passfail": "stepid name status measindex measordernumber",
    "stringvalue": "stepid name compoperator stringlimit stringvalue status measindex measordernumber",
    "chart": "stepid idx charttype label xlabel xunit ylabel yunit plotname datatype",
    "series": "name datatype",
    "xdata": "",
    "ydata": "",
    "data": "",
    "attachment": "stepid name contenttype size description",
    "callexe": "stepid exitcode measindex",
    "messagepopup": "stepid button response measindex",
}
_READ: Final = {tag: frozenset(names.split()) for tag, names in _KNOWN.items()}


class Part:
    """An element, whose attributes are read by name in any case."""

    def __init__(self, element: Element) -> None:
        """Nothing is checked before it is asked for."""
        self.element = element
        self.tag = local_name(element).lower()
        self.place = place(element)
        self._given = {str(key).rpartition("}")[2].lower(): str(one) for key, one in element.attrib.items()}

    def error(self, text: str) -> ConversionError:
        """An error at this element."""
        return ConversionError(text, place=self.place)

    def text(self, *names: str) -> str:
        """The first of these that is not empty, else ""."""
        for name in names:
            if found := self._given.get(name.lower(), "").strip():
                return found
        return ""

    def raw(self, name: str) -> str | None:
        """An attribute with its blanks; None where it is not there."""
        return self._given.get(name.lower())

    def number(self, *names: str) -> float | str | None:
        """A number as WSJF carries it; None where there is none.

        Raises:
            ConversionError: it is something else.
        """
        try:
            value = parse_number(self.text(*names))
        except ValueError as error:
            raise self.error(f"{names[0]}: {error}") from error
        return None if value is None else number(value)

    def integer(self, *names: str) -> int | None:
        """A whole number; None where there is none.

        Raises:
            ConversionError: it is something else.
        """
        value = self.number(*names)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        if value is not None and not isinstance(value, int):
            raise self.error(f"{names[0]}: {self.text(*names)[:40]!r} is no whole number")
        return value

    def seconds(self, notes: Notes, *names: str) -> float | str | None:
        """A duration, which is not negative."""
        value = self.number(*names)
        if isinstance(value, int | float) and value < 0:
            notes.add(f"a negative {names[0]} became 0", self.place)
            return 0
        return value

    def flag(self, *names: str) -> bool | None:
        """A truth value, as a word or a digit; None where there is none."""
        text = self.text(*names).lower()
        if text in {"1", "true", "yes"}:
            return True
        if text in {"", "0", "false", "no"}:
            return False if text else None
        raise self.error(f"{names[0]}: {text[:40]!r} is neither true nor false")

    def time(self, *names: str) -> str | None:
        """A time in the form of WSJF; None where there is none, or a placeholder.

        Raises:
            ConversionError: it is something else.
        """
        text = self.text(*names)
        if not text:
            return None
        mended, moment = mend(text), parse(text)
        if mended is None or moment is None:
            raise self.error(f"{names[0]}: {text[:40]!r} is no time")
        return mended if moment.year >= FIRST_YEAR else None

    def status(self, notes: Notes) -> Status | None:
        """The verdict; None where there is none.

        Raises:
            ConversionError: an unknown word. It must never count as passed.
        """
        word = self.text("Status")
        if not word:
            return None
        if word.lower() == "unknown":
            notes.add("the status 'Unknown' became D (done)", self.place)
            return Status.DONE
        try:
            return status_of(word)
        except ValueError as error:
            raise self.error(f"Status: {error}") from error


def tell_unread(report: Element, notes: Notes) -> None:
    """Name what the file says and nobody reads, so that nothing is lost in silence."""
    unread: Counter[str] = Counter()
    for element in report.iter():
        tag = local_name(element)
        known = _READ.get(tag.lower())
        if known is None:
            unread[f"<{tag[:40]}>"] += 1
            continue
        for key in element.attrib:
            name = str(key)
            if not name.startswith("{") and name.lower() not in known:
                unread[f"{tag} {name[:40]}"] += 1
    if unread:
        shown = ", ".join(name for name, _ in unread.most_common(10))
        notes.add(f"a report has no place for {shown}: left out", place(report))
