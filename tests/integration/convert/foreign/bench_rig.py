"""A converter as one writes it for the published client: nothing in it is of Stationmaster."""

from __future__ import annotations

from typing import Any

from pywats_client.converters import (  # type: ignore[import-not-found]  # in the peer's environment
    ConverterResult,
    FileConverter,
    ValidationResult,
)


class RigConverter(FileConverter):  # type: ignore[misc]  # its base is unknown here
    """Reads `name=value` lines."""

    @property
    def name(self) -> str:
        return "Bench Rig (old)"

    @property
    def version(self) -> str:
        return "2.1"

    @property
    def file_patterns(self) -> list[str]:
        return ["*.rig"]

    def validate(self, source: Any, context: Any) -> Any:
        del context
        if source.path.read_text().startswith("rig "):
            return ValidationResult.good_match(confidence=0.9, message="a rig file")
        return ValidationResult.no_match("no rig file")

    def convert(self, source: Any, context: Any) -> Any:
        lines = source.path.read_text().splitlines()
        if "later" in lines:
            return ConverterResult.suspended_result(reason="the rig still writes")
        if "broken" in lines:
            return ConverterResult.failed_result(error="line 2 is broken")
        steps = [
            {
                "stepType": "ET_NLT",
                "group": "M",
                "name": name,
                "status": "P",
                "numericMeas": [{"value": float(value), "unit": "V", "status": "P", "compOp": "LOG"}],
            }
            for name, _, value in (line.partition("=") for line in lines[1:])
        ]
        report = {
            "type": "Test",
            "serialNumber": source.path.stem,
            "pn": "BRD-7",
            "result": "Passed",
            "start": "2026-03-02T08:15:00+01:00",
            "machineName": context.station_name,
            "processCode": context.get_argument("operation", ""),
            "root": {"stepType": "SequenceCall", "name": "Main", "group": "M", "status": "P", "steps": steps},
        }
        return ConverterResult.success_result(report=report)
