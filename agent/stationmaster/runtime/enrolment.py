"""Making and unmaking an instance on disk: its settings and its token, both or neither."""

from __future__ import annotations

import asyncio
import logging

from stationmaster.config.secrets import Secret
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import AddRequest
from stationmaster.errors import NeedsUserError, StationmasterError
from stationmaster.log import bound
from stationmaster.runtime.credential import Credentials
from stationmaster.sentence import joined

_LOG = logging.getLogger(__name__)


async def enrol(store: ConfigStore, credentials: Credentials, request: AddRequest) -> None:
    """Write the settings and store the token of a new instance.

    Raises:
        StationmasterError: one of the two is refused; then there is no instance.
    """
    if request.token is not None:
        Secret.parse(request.token)
    await asyncio.to_thread(store.add, request.name, request.server, request.watch, request.patch)
    if request.token is not None:
        try:
            await credentials.set(request.name, request.token)
        except StationmasterError:
            await asyncio.to_thread(store.remove, request.name)
            raise


async def dismantle(store: ConfigStore, credentials: Credentials, name: str) -> str:
    """Remove an instance's settings and token; its data stay.

    Returns:
        What was left behind, "" for nothing: a keyring that does not answer keeps no instance for ever.

    Raises:
        StationmasterError: there is no such instance.
    """
    await asyncio.to_thread(store.load, name)
    note = ""
    try:
        await credentials.delete(name)
    except NeedsUserError as error:
        note = joined("Its token, if there was one, was not removed.", error.text)
        bound(_LOG, name).warning("%s", note)
    await asyncio.to_thread(store.remove, name)
    return note
