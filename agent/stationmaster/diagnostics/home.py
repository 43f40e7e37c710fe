"""The agent itself: does it run, in which version, who starts it again; its folders and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from stationmaster import __version__
from stationmaster.blocking import THREAD, CallHangsError
from stationmaster.clock import Clock
from stationmaster.config.problem import invalid_settings
from stationmaster.config.store import ConfigStore, Loaded
from stationmaster.control.protocol import FOREVER
from stationmaster.control.transport import NO_AGENT_STEP
from stationmaster.diagnostics.check import bad, good, of_problem, skipped, warned
from stationmaster.diagnostics.supervision import supervision_check
from stationmaster.errors import ConfigError
from stationmaster.home.paths import Home, Scope
from stationmaster.home.service_name import machine_step
from stationmaster.model import AgentStatus, Check, Hop, Lifecycle

_DEADLINE = 20.0


async def agent_checks(
    home: Home, status: AgentStatus | None, asker: str, env: Mapping[str, str]
) -> list[Check]:
    """The process. `status`: its snapshot, None where there is none; `asker`: version of who asks."""
    if status is None:
        text = f"No agent answers at {home.socket}: nothing is taken and nothing is uploaded."
        return [
            bad(Hop.AGENT, text, machine_step() if home.scope is Scope.MACHINE else NO_AGENT_STEP),
            skipped(Hop.VERSION, Hop.AGENT),
            skipped(Hop.SUPERVISION, Hop.AGENT),
        ]
    since = f"since {status.started_at:%Y-%m-%d %H:%M} UTC"
    found = [good(Hop.AGENT, f"It runs as process {status.pid} {since}.", subject=home.socket)]
    if asker and asker != __version__:
        text = f"The agent runs version {__version__}, this command is version {asker}."
        found.append(warned(Hop.VERSION, text, "Start the agent again, so that it runs what is installed."))
    else:
        found.append(good(Hop.VERSION, f"Version {__version__}.", details={"version": __version__}))
    found.append(await supervision_check(home.scope, env))
    return found


def instance_checks(name: str, status: AgentStatus | None, now: datetime) -> list[Check]:
    """What people ordered of an instance; nothing where no agent runs."""
    found = [one for one in status.instances if one.name == name] if status else []
    step = f"Resume it: stationmaster agent resume {name}"
    checks = []
    for one in found:
        paused = one.paused_until
        if one.lifecycle in (Lifecycle.STOPPED, Lifecycle.DRAINING):
            text = f"The station is {one.lifecycle.value}: it was drained."
            checks.append(warned(Hop.AGENT, text, step, instance=name))
        elif paused is not None and paused > now:
            until = "until you resume" if paused >= FOREVER else f"until {paused:%Y-%m-%d %H:%M} UTC"
            checks.append(warned(Hop.AGENT, f"Uploads are paused {until}.", step, instance=name))
        else:
            checks.append(good(Hop.AGENT, f"The station is {one.lifecycle.value}.", instance=name))
    return checks


async def home_check(home: Home, *, clock: Clock) -> Check:
    """The folders, by the agent's rules at its start: on a local disk, and nobody else writes there."""
    began = clock.monotonic()
    try:
        await THREAD.call(home.ensure, deadline=_DEADLINE)
    except CallHangsError:
        text = f"The folder {home.data} does not answer within {_DEADLINE:g} s."
        return bad(Hop.HOME, text, "Check the disk of the home.")
    except ConfigError as error:
        return bad(Hop.HOME, error.text, error.next_step)
    text = f"{home.config} and {home.data} lie on a local disk and belong to us."
    return good(Hop.HOME, text, subject=str(home.config), seconds=clock.monotonic() - began)


async def settings_checks(store: ConfigStore, *, clock: Clock) -> tuple[list[Check], Loaded | None]:
    """All settings files, and what they say; None where they cannot be read at all."""
    try:
        loaded = await THREAD.call(store.load_all, deadline=_DEADLINE)
    except CallHangsError:
        text = f"The folder {store.home.instances} does not answer within {_DEADLINE:g} s."
        return [bad(Hop.SETTINGS, text, "Check the disk of the home.")], None
    except ConfigError as error:
        return [of_problem(invalid_settings("", error, clock.now()), Hop.SETTINGS)], None
    found = [
        of_problem(invalid_settings(name, error, clock.now()), Hop.SETTINGS)
        for name, error in sorted(loaded.errors.items())
    ]
    if "" not in loaded.errors:
        found.insert(0, good(Hop.SETTINGS, "The agent's own settings are valid."))
    found += [good(Hop.SETTINGS, "They are valid.", instance=name) for name in sorted(loaded.instances)]
    return found, loaded
