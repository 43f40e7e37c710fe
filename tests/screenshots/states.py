"""What the agent may come to: at work, paused, with errors, refused, offline, gone."""

from __future__ import annotations

from datetime import timedelta

from fakes.oracle_script import Act, Behaviour, Rule
from fakes.server import answer
from fakes.waiting import until
from screenshots.studio import Studio
from stationmaster.model import AgentStatus, Link
from stationmaster_tray.notice import Told, decide
from stationmaster_tray.pages import PAGES
from stationmaster_tray.seen import Contact, Seen
from stationmaster_tray.session import other_version

_SLOW = 8.0
"""Seconds of a server that takes its time: as long as two pictures need."""


async def working(studio: Studio) -> None:
    """Reports on their way."""
    await studio.open("overview")
    for line in studio.station.lines.values():
        await line.server.rules(answer(Act.OK, seconds=_SLOW))
        line.inboxes[0].drop(line.equipment.make("wstf", units=3))
    await studio.station.until(lambda now: all(one.counts.processing for one in now.instances))
    await studio.picture("overview-working")
    for line in studio.station.lines.values():
        await line.server.rules()
    await studio.station.until(lambda now: not _waiting(now), seconds=60)


async def paused(studio: Studio) -> None:
    """Paused for an hour."""
    async with studio.station.client() as client:
        await client.pause("line1", studio.real_now() + timedelta(hours=1))
        await studio.station.until(lambda now: any(one.paused_until for one in now.instances))
        await studio.picture("overview-paused")
        await client.resume("line1")
    await studio.station.until(lambda now: not any(one.paused_until for one in now.instances))


async def errors(studio: Studio) -> None:
    """A file in error."""
    line = studio.station.lines["line1"]
    (line.inboxes[0].path / "broken.wsjf").write_text("{ this is no report")
    await studio.station.until(lambda now: any(one.code == "entries-in-error" for one in now.problems))
    await studio.picture("overview-errors")
    _notice(studio)
    async with studio.station.client() as client:
        await client.dismiss("line1", by="anna", everything=True)
    await studio.station.until(lambda now: not now.problems, what="no problems")


async def refused(studio: Studio) -> None:
    """The server refuses the token, and takes it again."""
    line = studio.station.lines["line1"]
    await line.server.rules(Rule(behaviour=Behaviour(act=Act.STATUS, status=401), route="any"))
    line.inboxes[0].drop(line.equipment.make("wstf", units=2))
    await studio.station.until(
        lambda now: any(one.link is Link.NEEDS_LOGIN for one in now.instances), what="no login", seconds=60
    )
    await studio.picture("overview-needs-you")
    _notice(studio)
    await line.server.rules()
    async with studio.station.client() as client:
        await client.set_token("line1", "bmFtZTpzZWNyZXQ=")
        await client.send_now("line1")
    await studio.station.until(lambda now: not now.problems, what="the end of that", seconds=90)


async def offline(studio: Studio) -> None:
    """No server."""
    for one in studio.station.lines.values():
        one.server.stop()
        one.inboxes[0].drop(one.equipment.make("wstf", units=2))
    await studio.station.until(
        lambda now: all(one.link is Link.OFFLINE for one in now.instances), what="no server", seconds=60
    )
    studio.story.tick("14:58")
    await studio.picture("overview-offline")
    _notice(studio)


async def gone(studio: Studio) -> None:
    """No agent, one that starts, one of another version; every page without one."""
    session = studio.tray.desk.session
    session.stop_starting()
    await studio.station.terminate()
    await until(lambda: studio.tray.desk.seen.contact is Contact.GONE)
    for spec in PAGES:
        await studio.open(spec.id)
        if spec.id == "find":
            await studio.open(spec.id, "line1-00001")
        await studio.picture(f"{spec.id}-no-agent")
    await studio.open("overview")
    left = session.seen
    session._set = lambda _seen: None  # type: ignore[method-assign,assignment] # it would look again
    for name, contact, text in (
        ("overview-starting", Contact.STARTING, "The agent is starting."),
        ("overview-version", Contact.OTHER, other_version()),
    ):
        session.seen = Seen(contact=contact, text=text, since=studio.story.now)
        session.changed.emit(session.seen)
        await studio.picture(name)
    session.seen = left
    session.changed.emit(left)


def _notice(studio: Studio) -> None:
    """What a person would be told of this, had it lasted for an hour; and of its end."""
    seen, later = studio.tray.desk.seen, studio.story.now + timedelta(hours=1)
    told, shown = decide(Told(), seen, later)
    studio.notices += shown
    if seen.status is not None and not any(one.title.startswith("Solved") for one in studio.notices):
        well = Seen(contact=Contact.ATTACHED, status=_well(seen.status), since=seen.since)
        studio.notices += decide(told, well, later)[1]


def _well(status: AgentStatus) -> AgentStatus:
    return AgentStatus(
        **{**{name: getattr(status, name) for name in status.__struct_fields__}, "problems": ()}
    )


def _waiting(now: AgentStatus) -> int:
    return sum(one.counts.queued + one.counts.processing for one in now.instances)
