"""`stationmaster instance import FILE`: an instance from a provisioning file that holds one."""

from __future__ import annotations

from pathlib import Path

from stationmaster.cli.provision import provisioning
from stationmaster.config.difference import flat
from stationmaster.control.protocol import AddRequest
from stationmaster.errors import ConfigError


def request_from(file: Path, *, name: str = "", token: str | None = None) -> AddRequest:
    """What makes the instance of a file.

    Args:
        file: a provisioning file with one station, such as `instance export` writes.
        name: what it shall be called; "" as in the file.
        token: of its server.

    Raises:
        ConfigError: the file is wrong, or holds none or several instances.
    """
    _, found = provisioning(file)
    if len(found.instances) != 1 or found.agent:
        more = " and settings of the agent" if found.agent else ""
        raise ConfigError(
            f"{file} holds {len(found.instances) or 'no'} instances{more}; an import makes one station.",
            next_step=f"For all that it holds: stationmaster provision {file}",
        )
    given, wanted = next(iter(found.instances.items()))
    patch = flat({key: value for key, value in wanted.settings.items() if key != "watch"})
    patch.pop("server.url")
    if wanted.id is not None:
        patch["id"] = str(wanted.id)
    return AddRequest(
        name=name or given,
        server=wanted.config.server.url,
        watch=tuple(wanted.settings.get("watch", ())),
        patch=patch,
        token=token,
    )
