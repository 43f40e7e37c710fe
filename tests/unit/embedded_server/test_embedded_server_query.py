"""The other query options."""

from __future__ import annotations

import pytest

from stationmaster.embedded_server.error import QueryError
from stationmaster.embedded_server.query import NEWEST_FIRST, HeaderQuery, read_query


def test_without_options_the_ten_newest_come() -> None:
    query = read_query({})
    assert query == HeaderQuery(None, None, 10, 0, NEWEST_FIRST, None, ())


def test_all_options_in_any_case() -> None:
    query = read_query(
        {
            "REPORTTYPE": "u",
            "$Top": "10000",
            "$SKIP": "5",
            "$orderBy": "serialnumber asc, TIMESTAMP desc,uuid",
            "$select": "uuid, SerialNumber,run",
            "$expand": "subunits,MISCINFO,subUnits",
            "other": "is not ours",
        }
    )
    assert (query.report_type, query.top, query.skip) == ("T", 10000, 5)
    assert [(order.field.name, order.descending) for order in query.order] == [
        ("serialNumber", False),
        ("timeStamp", True),
        ("uuid", False),
    ]
    assert query.select == frozenset({"uuid", "serialNumber", "run"})
    assert query.expand == ("subUnits", "miscInfo")


@pytest.mark.parametrize(("text", "kind"), [("U", "T"), ("R", "R"), ("uut", "T"), ("UUR", "R"), ("T", "T")])
def test_report_types(text: str, kind: str) -> None:
    assert read_query({"reportType": text}).report_type == kind


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reportType": "X"}, "reportType: 'X' is not known, there are U (test) and R (repair)"),
        ({"$top": "10001"}, "$top: '10001' is no number from 0 to 10000"),
        ({"$top": "-1"}, "$top: '-1' is no number"),
        ({"$top": "ten"}, "$top: 'ten' is no number"),
        ({"$top": "\u0661"}, "$top: '\u0661' is no number"),
        ({"$skip": "9" * 30}, "$skip: "),
        ({"$orderby": "result"}, "$orderby: cannot sort by 'result', only by: start, uuid, serialNumber"),
        ({"$orderby": "start down"}, "$orderby: 'down' is no direction"),
        ({"$select": "uuid,nope"}, "$select: there is no 'nope', there are: uuid"),
        ({"$expand": "steps"}, "$expand: there is no 'steps', there are: subUnits, miscInfo"),
        ({"$count": "true"}, "$count: is not supported, there are: $filter"),
        ({"$filter": "x eq 1"}, "$filter, character 1: "),
    ],
)
def test_an_option_that_is_not_understood_is_refused_in_words(options: dict[str, str], words: str) -> None:
    with pytest.raises(QueryError) as caught:
        read_query(options)
    assert str(caught.value).startswith(words)
    assert caught.value.status == 400
