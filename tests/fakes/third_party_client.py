"""Run with the interpreter that has the published client: submits to a server, reads back, prints JSON.

`python third_party_client.py URL TOKEN`; reports of ours come as a JSON object on standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

pywats: Any = import_module("pywats")
models: Any = import_module("pywats.models")


def built(serial: str) -> Any:
    """A test report made with the client's own builder."""
    report = models.UUTReport(
        pn="PCBA-9",
        sn=serial,
        rev="A",
        process_code=10,
        station_name="ST",
        location="Lab",
        purpose="Dev",
        result="P",
        start=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    root = report.get_root_sequence_call()
    root.add_numeric_step(name="V", value=5.0, unit="V", low_limit=4, high_limit=6)
    root.add_boolean_step(name="B", status="P")
    root.add_string_step(name="S", value="x", status="P")
    root.add_multi_numeric_step(name="MN", status="P").add_measurement(
        name="a", value=1.0, unit="A", status="P"
    )
    below = root.add_sequence_call(name="Sub", path="p", version="1")
    below.add_numeric_step(name="V2", value=1.0, unit="V", status="P")
    below.add_action_step(name="Act")
    report.add_misc_info(description="FW", value="1.0")
    return report


def counted(step: Any) -> int:
    """Steps of a tree as the client's models hold it."""
    return 1 + sum(counted(child) for child in getattr(step, "steps", None) or [])


def shown(header: Any) -> dict[str, Any]:
    """What we compare of a header."""
    return {
        "uuid": str(header.uuid),
        "sn": header.serial_number,
        "result": header.result,
        "process": header.process_name,
        "received": header.receive_count,
    }


def sync(url: str, token: str, ours: dict[str, Any]) -> dict[str, Any]:
    """Everything with the synchronous API."""
    api = pywats.pyWATS(base_url=url, token=token, enable_cache=False)
    report = built("PW-SYNC")
    sent = api.report.submit_report(report)
    back = api.report.get_report(sent)
    repaired = api.report.submit_report(models.UURReport.model_validate(ours["repair"]))
    copies = {name: api.report.get_report(ours[name]["id"]) for name in ("minimal", "rich")}
    answer = {
        "version": api.get_version(),
        "connected": api.test_connection(),
        "sent": str(report.id),
        "answered": sent,
        "steps": [counted(report.root), counted(back.root)],
        "back": [back.sn, str(back.id), [step.name for step in back.root.steps]],
        "headers": [
            shown(one) for one in api.report.query_uut_headers(odata_filter="serialNumber eq 'PW-SYNC'")
        ],
        "repaired": repaired,
        "repairs": [shown(one) for one in api.report.query_uur_headers(top=5)],
        "repair": type(api.report.get_report(repaired)).__name__,
        "misc": [shown(one)["uuid"] for one in api.report.query_headers_by_misc_info("FW", "1.0")],
        "processes": [one.code for one in api.process.get_processes()],
        "ours": {name: [copy.sn, counted(copy.root)] for name, copy in copies.items()},
    }
    api.close()
    return answer


async def async_(url: str, token: str) -> dict[str, Any]:
    """The same with the asynchronous API, and a report that the server refuses."""
    async with pywats.AsyncWATS(base_url=url, token=token, enable_cache=False) as api:
        reports = [built(f"PW-ASYNC-{number}") for number in range(5)]
        sent = await asyncio.gather(*(api.report.submit_report(report) for report in reports))
        again = await api.report.submit_report(reports[0])
        found = await api.report.query_uut_headers(
            odata_filter="startswith(serialNumber,'PW-ASYNC')", orderby="serialNumber asc", top=3
        )
        back = await api.report.get_report(sent[4])
        bad = built("PW-BAD").model_dump(mode="json", by_alias=True, exclude_none=True)
        bad["root"]["steps"][0]["numericMeas"][0]["status"] = "F"
        try:
            refused = str(await api.report.submit_report(bad))
        except ValueError as error:
            refused = str(error)
        return {
            "sent": [str(report.id) for report in reports],
            "answered": list(sent),
            "again": again,
            "found": [shown(one) for one in found],
            "back": back.sn,
            "refused": refused,
        }


def main() -> None:
    """Do both and print what came."""
    url, token = sys.argv[1:3]
    ours = json.load(sys.stdin)
    answer = {"sync": sync(url, token, ours), "async": asyncio.run(async_(url, token))}
    sys.stdout.write("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
