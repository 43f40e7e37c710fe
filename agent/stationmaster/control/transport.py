"""Where the control channel runs: a Unix socket (0600 in a 0700 folder), or a Windows named pipe.

The client checks who owns the server end before anything is sent: a socket somebody else planted must
not get a token.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any

import aiohttp

from stationmaster.errors import NoAgentError

NO_AGENT_STEP = "Start it with: stationmaster agent run"


def is_pipe(address: str) -> bool:
    r"""True for `\\.\pipe\...`."""
    return address.startswith("\\\\.\\pipe\\")


def connector(address: str) -> aiohttp.BaseConnector:
    """A connector to the control channel at `address`.

    Raises:
        NoAgentError: there is no such socket, or it belongs to somebody else.
    """
    if is_pipe(address):
        return aiohttp.NamedPipeConnector(path=address)
    path = Path(address)
    try:
        owner = path.lstat().st_uid
    except FileNotFoundError as error:
        raise NoAgentError(
            f"No agent is running ({address} is not there).", next_step=NO_AGENT_STEP
        ) from error
    except OSError as error:
        raise NoAgentError(
            f"The control channel {address} cannot be reached: {error.strerror}.",
            next_step="Whose agent is it? See --scope.",
        ) from error
    check_owner(owner, address)
    return _OwnedUnixConnector(path=address)


def check_owner(owner: int, address: str) -> None:
    """Refuse a server end that neither we nor root own.

    Raises:
        NoAgentError: it belongs to somebody else.
    """
    if owner not in {0, os.getuid()}:
        raise NoAgentError(
            f"The control channel {address} belongs to user id {owner}, not to you: nothing was sent.",
            next_step="Use --scope machine for an agent that runs as a service, or remove the socket.",
        )


class _OwnedUnixConnector(aiohttp.UnixConnector):
    """Checks the peer's credentials on each new connection, before a byte goes out."""

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        protocol = await super()._create_connection(*args, **kwargs)
        transport = protocol.transport
        peer = transport.get_extra_info("socket") if transport else None
        if peer is not None:
            try:
                check_owner(_peer_uid(peer), self.path)
            except NoAgentError:
                protocol.close()
                raise
        return protocol


def _peer_uid(peer: Any) -> int:
    """User id of the process at the other end; our own where the system cannot tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid()
    # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
    raw = peer.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", raw)
    return int(uid)


def bind_unix(path: Path, *, mode: int = 0o600) -> socket.socket:
    """Listen on a Unix socket, replacing a stale one; the caller holds the home's lock.

    The socket is bound under a private name, given its mode, and renamed into place, so that nobody can
    connect before the mode is right.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{os.getpid()}.s")
    temporary.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(temporary))
        temporary.chmod(mode)
        listener.listen(128)
        temporary.replace(path)
    except OSError:
        listener.close()
        temporary.unlink(missing_ok=True)
        raise
    listener.setblocking(False)
    return listener
