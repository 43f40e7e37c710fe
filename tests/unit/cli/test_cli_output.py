"""How the command line shows what others wrote, and how wide it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stationmaster.cli import output
from stationmaster.cli.agent import _show
from stationmaster.cli.output import answer, literal, say, table
from stationmaster.control.protocol import FOREVER
from stationmaster.model import AgentStatus, Counts, InstanceStatus, Lifecycle, Link, UploadStatus

HOSTILE = ["\x1b[31mred", "\x9b31mred", "a\rb", "\x07", "\u202ereversed", "\x1b]0;title\x07", "\udc80"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_others_wrote_steers_the_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    answer(text)
    table("", ("Serial number", "Reason"), [(text, text)])
    shown = capsys.readouterr()
    for stream in (shown.out, shown.err):
        assert not set(stream) & set("\x1b\x9b\r\x07\u202e\udc80")
        assert "\N{REPLACEMENT CHARACTER}" in stream


def test_ordinary_text_stays() -> None:
    text = "Größe 5 µm → ok ✓\n\tnext [red]not red[/red] :b:"
    assert literal(text) == text


def test_a_table_takes_every_cell_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table("", ("Serial number", "Reason"), [("[red]:b:[/red]", "[link=http://x]y")])
    assert "[red]:b:[/red]  [link=http://x]y" in capsys.readouterr().out


def status(name: str, **changes: object) -> InstanceStatus:
    usual: dict[str, object] = {
        "name": name,
        "lifecycle": Lifecycle.RUNNING,
        "link": Link.ONLINE,
        "server": "https://a-company-with-a-long-name.wats.com",
        "station": "s",
        "paused_until": None,
        "counts": Counts(queued=12345, error=17, completed=1_000_000),
        "converting": 0,
        "oldest_queued_at": datetime.now(UTC) - timedelta(minutes=42),
        "folders": (),
        "upload": UploadStatus(mode="adaptive", limit=8, in_flight=0),
    }
    return InstanceStatus(**usual | changes)  # type: ignore[arg-type]  # the table above has the right types


def shown(instance: InstanceStatus, capsys: pytest.CaptureFixture[str]) -> str:
    now = datetime.now(UTC)
    _show(AgentStatus(revision=1, version="1", pid=1, started_at=now, home="/h", instances=(instance,)))
    return capsys.readouterr().out


def test_the_status_stays_in_line_on_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_PIPE_WIDTH", 80)
    head, row = shown(status("final-test"), capsys).splitlines()
    assert head.split() == ["Instance", "Queued", "Error", "Completed", "Last", "upload", "Link", "State"]
    for words in ("final-test", "12345, oldest 42 min", "✗ 17", "1000000", "online", "running"):
        assert words in row


def test_a_pause_says_until_when(capsys: pytest.CaptureFixture[str]) -> None:
    assert "running, paused until you resume" in shown(status("a", paused_until=FOREVER), capsys)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    text = shown(status("a", paused_until=soon), capsys)
    assert f"running, paused until {soon.astimezone():%Y-%m-%d %H:%M:%S}" in text
    assert "paused" not in shown(status("a", paused_until=soon - timedelta(hours=1)), capsys)
