"""Where the control channel runs: a Unix socket (0600 in a 0700 folder), or a Windows named pipe.

The client checks who owns the server end before anything is sent: a socket somebody else planted must
not get a token.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import struct
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import aiohttp

from stationmaster.errors import NoAgentError

_LOG = logging.getLogger(__name__)

NO_AGENT_STEP = "Start it with: stationmaster agent start"


def is_pipe(address: str) -> bool:
    r"""True for `\\.\pipe\...`."""
    return address.startswith("\\\\.\\pipe\\")


def connector(address: str) -> aiohttp.BaseConnector:
    """A connector to the control channel at `address`.

    Raises:
        NoAgentError: there is no such socket, or it belongs to somebody else.
    """
    if is_pipe(address):
        from stationmaster.control.pipe_owner import OwnedPipeConnector  # noqa: PLC0415 - of Windows alone

        return OwnedPipeConnector(path=address)
    path = Path(address)
    try:
        owner, trusted = path.lstat().st_uid, _trusted_owners(path)
    except FileNotFoundError as error:
        raise NoAgentError(
            f"No agent is running ({address} is not there).", next_step=NO_AGENT_STEP
        ) from error
    except PermissionError as error:
        raise NoAgentError(
            f"This account may not use the control channel {address}.",
            next_step="Root and members of the group may: sudo usermod -aG stationmaster NAME",
        ) from error
    except OSError as error:
        raise NoAgentError(
            f"The control channel {address} cannot be reached: {error.strerror}.",
            next_step="Whose agent is it? See --scope.",
        ) from error
    _check_owner(owner, address, trusted)
    return _OwnedUnixConnector(address, trusted)


def _trusted_owners(path: Path) -> frozenset[int]:
    """Users whose agent may listen at `path`: we, root, and the account whose folder root put there.

    A service runs under an account of its own, in a folder such as /run/stationmaster: what lies directly in
    a folder that only root may write was made, or handed to its owner, by root.
    """
    above = path.parent.parent.lstat()
    if above.st_uid == 0 and not above.st_mode & 0o022:
        return frozenset({0, os.getuid(), path.parent.lstat().st_uid})
    return frozenset({0, os.getuid()})


def _check_owner(owner: int, address: str, trusted: Collection[int]) -> None:
    if owner not in trusted:
        raise NoAgentError(
            f"The control channel {address} belongs to user id {owner}, not to you: nothing was sent.",
            next_step="Use --scope machine for an agent that runs as a service, or remove the socket.",
        )


class _OwnedUnixConnector(aiohttp.UnixConnector):
    """Checks the peer's credentials on each new connection, before a byte goes out."""

    def __init__(self, path: str, trusted: Collection[int]) -> None:
        super().__init__(path=path)
        self._trusted = trusted

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        protocol = await super()._create_connection(*args, **kwargs)
        transport = protocol.transport
        peer = transport.get_extra_info("socket") if transport else None
        owner = peer_uid(peer)
        if owner is not None:
            try:
                _check_owner(owner, self.path, self._trusted)
            except NoAgentError:
                protocol.close()
                raise
        return protocol


def peer_uid(peer: Any) -> int | None:
    """User id of the process at the other end of a Unix socket; None where the system does not tell."""
    if peer is None:
        return None
    if sys.platform == "linux":
        # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", raw)[1]
    elif sys.platform == "darwin":
        # struct xucred: version, uid, ... (unix(4), SOL_LOCAL 0, LOCAL_PEERCRED 1)
        uid = struct.unpack_from("2I", peer.getsockopt(0, 1, 76))[1]
    else:
        return None
    return int(uid)


def bind_unix(path: Path, *, group: str = "") -> socket.socket:
    """Listen on a Unix socket, replacing a stale one; the caller holds the home's lock.

    The socket is bound under a private name, given its group and mode (0600, with a group 0660), and renamed
    into place, so that nobody can connect before they are right. A group that is not there, or is not ours
    to give, is passed over: then the owner alone uses the channel.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{os.getpid()}.s")
    temporary.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(temporary))
        temporary.chmod(0o600)
        if group and _given_to(group, temporary):
            temporary.chmod(0o660)
        listener.listen(128)
        temporary.replace(path)
    except OSError:
        listener.close()
        temporary.unlink(missing_ok=True)
        raise
    listener.setblocking(False)
    return listener


def _given_to(group: str, path: Path) -> bool:
    try:
        shutil.chown(path, group=group)
    except (LookupError, OSError) as error:
        _LOG.warning("the group %s cannot use the control channel: %s", group, error)
        return False
    return True
