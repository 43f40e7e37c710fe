"""What reports in a form of WATS may leave out: header fields, and the offset of the start."""

from __future__ import annotations

from stationmaster.api import ConversionError, ConverterOptions, Report, Source
from stationmaster.api.header import Found, is_placeholder, resolve
from stationmaster.api.local_time import local_time
from stationmaster.api.moment import parse


def fill_header(report: Report, source: Source, options: ConverterOptions, place: str) -> None:
    """Fill what the source leaves out, with a warning each; what it states stays as it is.

    Raises:
        ConversionError: a field cannot be known.
    """
    data = report.data
    sn = data.get("sn")
    silent = [key for key in ("sn", "pn", "rev") if data.get(key) is None or data[key] == ""]
    if isinstance(sn, str) and "sn" not in silent and is_placeholder(sn, options):
        silent.insert(0, "sn")
    if data.get("processCode") is None:
        silent.append("processCode")
    if not silent:
        return
    code = data.get("processCode")
    process = str(code) if code is not None else data.get("processName")
    texts = {key: data[key] for key in ("sn", "pn", "rev") if isinstance(data.get(key), str)}
    found = Found(**texts, process=process if isinstance(process, str) else "", place=place + silent[0])
    header = resolve(found, source, options)
    known = {"sn": header.sn, "pn": header.pn, "rev": header.rev, "processCode": header.process_code}
    for key in silent:
        data[key] = known[key]
        report.warn(f"{key} {known[key]!r} is not the report's own: from the options or the file's name")


def fill_start(report: Report, source: Source, place: str) -> None:
    """Give a start without an offset that of the station.

    Raises:
        ConversionError: there is no start.
    """
    start = report.data.get("start")
    if start is None or start == "":
        raise ConversionError("the report names no time, neither start nor startUTC", place=f"{place}start")
    moment = parse(start) if isinstance(start, str) else None
    if moment is not None and moment.tzinfo is None:
        aware = local_time(moment, source.station)
        offset = aware.at.isoformat()[len(moment.isoformat()) :]
        report.data["start"] = start + offset
        report.warn(f"start {start!r} has no offset: that of the station, {offset}, was taken")
        if aware.warning:
            report.warn(aware.warning)
