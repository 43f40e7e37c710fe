r"""Whose named pipe it is at whose end we are: on Windows, before a byte goes out.

Anybody on the computer may make a pipe of any name that is free. The agent's own belongs to its account:
ours, the system's, that of administrators (who own what they make with their rights raised), and for the
machine's agent that of its task, see `hosting.task_scheduler`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import aiohttp

from stationmaster.errors import NoAgentError

SYSTEM, ADMINISTRATORS, LOCAL_SERVICE = "S-1-5-18", "S-1-5-32-544", "S-1-5-19"
_MACHINE = "\\\\.\\pipe\\stationmaster-machine-"


def check_pipe_owner(owner: str, address: str, *, ours: Collection[str]) -> None:
    """Refuse a pipe that is not the agent's.

    Args:
        owner: the security id of the pipe's owner.
        address: its name.
        ours: the security ids of this process's user.

    Raises:
        NoAgentError: it is somebody else's.
    """
    trusted = {*ours, SYSTEM, ADMINISTRATORS}
    if address.startswith(_MACHINE):
        trusted.add(LOCAL_SERVICE)
    if owner not in trusted:
        raise NoAgentError(
            f"The control channel {address} belongs to {owner}, not to you: nothing was sent.",
            next_step="Ask an administrator which program of that account has taken this name.",
        )


class OwnedPipeConnector(aiohttp.NamedPipeConnector):
    """Checks the pipe's owner on each new connection."""

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        protocol = await super()._create_connection(*args, **kwargs)
        try:
            pipe = protocol.transport.get_extra_info("pipe") if protocol.transport else None
            check_pipe_owner(_owner(pipe.handle) if pipe else "", self.path, ours=_own_ids())
        except NoAgentError:
            protocol.close()
            raise
        except OSError as error:
            protocol.close()
            raise NoAgentError(
                f"Whose the control channel {self.path} is cannot be told: {error}. Nothing was sent."
            ) from error
        return protocol


if sys.platform == "win32":  # pragma: no cover - proven under wine by the Windows smoke run
    import ctypes
    from ctypes import wintypes

    _SE_FILE_OBJECT, _OWNER = 1, 1
    _TOKEN_QUERY, _TOKEN_USER, _TOKEN_OWNER = 8, 1, 4

    def _owner(handle: int) -> str:
        """The security id of the owner of what is behind a handle.

        Raises:
            OSError: Windows does not tell.
        """
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
        code = security.GetSecurityInfo(
            wintypes.HANDLE(handle),
            _SE_FILE_OBJECT,
            _OWNER,
            ctypes.byref(owner),
            None,
            None,
            None,
            ctypes.byref(descriptor),
        )
        if code:
            raise ctypes.WinError(code)
        try:
            return _text(owner)
        finally:
            _free(descriptor)

    def _own_ids() -> set[str]:
        """Security ids of this process's user, and of the owner of what it makes."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        token = wintypes.HANDLE()
        if not security.OpenProcessToken(
            wintypes.HANDLE(kernel.GetCurrentProcess()), _TOKEN_QUERY, ctypes.byref(token)
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return {_of_token(security, token, kind) for kind in (_TOKEN_USER, _TOKEN_OWNER)}
        finally:
            kernel.CloseHandle(token)

    def _of_token(security: ctypes.WinDLL, token: wintypes.HANDLE, kind: int) -> str:
        size = wintypes.DWORD()
        security.GetTokenInformation(token, kind, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        if not security.GetTokenInformation(token, kind, buffer, size, ctypes.byref(size)):
            raise ctypes.WinError(ctypes.get_last_error())
        # TOKEN_USER and TOKEN_OWNER begin with the pointer to the security id, which lies in this buffer too.
        return _text(ctypes.c_void_p.from_buffer(buffer))

    def _text(sid: ctypes.c_void_p) -> str:
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        text = ctypes.c_wchar_p()
        if not security.ConvertSidToStringSidW(sid, ctypes.byref(text)):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return text.value or ""
        finally:
            _free(ctypes.cast(text, ctypes.c_void_p))

    def _free(memory: ctypes.c_void_p) -> None:
        ctypes.WinDLL("kernel32").LocalFree(memory)

else:

    def _owner(handle: int) -> str:
        raise NotImplementedError(handle)

    def _own_ids() -> set[str]:
        raise NotImplementedError
