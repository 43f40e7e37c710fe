"""The fields of a report header: wire name, column, type. The one list that filters and answers share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class FieldType(Enum):
    """What a field holds."""

    TEXT = auto()
    """Compared without regard to the case of ASCII letters, as the WATS server's database does."""
    INTEGER = auto()
    NUMBER = auto()
    MOMENT = auto()
    """On the wire ISO 8601, in the column microseconds since 1970 UTC."""
    ID = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One header field.

    Attributes:
        name: on the wire.
        column: in table `report`.
    """

    name: str
    column: str
    type: FieldType = FieldType.TEXT


FIELDS: tuple[Field, ...] = (
    Field("uuid", "id", FieldType.ID),
    Field("serialNumber", "serial_number"),
    Field("partNumber", "part_number"),
    Field("reportType", "type"),
    Field("start", "started_us", FieldType.MOMENT),
    Field("revision", "revision"),
    Field("result", "result"),
    Field("batchNumber", "batch_number"),
    Field("userName", "user_name"),
    Field("stationName", "station_name"),
    Field("location", "location"),
    Field("purpose", "purpose"),
    Field("timeStamp", "time_stamp", FieldType.INTEGER),
    Field("processCode", "process_code", FieldType.INTEGER),
    Field("processName", "process_name"),
    Field("comment", "comment"),
    Field("executionTime", "execution_time", FieldType.NUMBER),
    Field("swFilename", "sw_filename"),
    Field("swVersion", "sw_version"),
    Field("testSocketIndex", "test_socket_index", FieldType.INTEGER),
    Field("fixtureId", "fixture_id"),
    Field("errorCode", "error_code", FieldType.INTEGER),
    Field("errorMessage", "error_message"),
    Field("receiveCount", "receive_count", FieldType.INTEGER),
    Field("reportSize", "report_size", FieldType.INTEGER),
    Field("causedUutFailure", "caused_uut_failure"),
    Field("causedUutFailurePath", "caused_uut_failure_path"),
    Field("referencedUut", "referenced_uut", FieldType.ID),
)

BY_NAME: dict[str, Field] = {field.name.lower(): field for field in FIELDS}

PARTS: tuple[str, ...] = (
    "subUnits",
    "miscInfo",
    "assets",
    "attachments",
    "uurSubUnits",
    "uurMiscInfo",
    "uurAttachments",
)
"""What `$expand` can add to a header."""

SORTABLE: tuple[str, ...] = ("start", "uuid", "serialnumber", "timestamp")
"""What `$orderby` takes, in lower case."""
