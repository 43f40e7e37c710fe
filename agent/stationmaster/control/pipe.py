r"""A named pipe that its owner and administrators may open, and nobody from another computer.

asyncio's own pipe takes the default security descriptor, which lets everyone read. This one is made with
`D:P(A;;GA;;;OW)(A;;GA;;;SY)(A;;GA;;;BA)`: full access for the owner, the system and administrators, who else
could not reach an agent that runs under a service account; none for others (SDDL, see "Security Descriptor
String Format" in the Windows documentation).
"""

from __future__ import annotations

import sys
from typing import Any

if sys.platform == "win32":  # pragma: no cover - proven under wine by the Windows smoke run
    import asyncio
    import ctypes
    from asyncio import windows_events, windows_utils
    from ctypes import wintypes

    from aiohttp import web

    _SDDL = "D:P(A;;GA;;;OW)(A;;GA;;;SY)(A;;GA;;;BA)"
    _PIPE_ACCESS_DUPLEX = 0x3
    _FILE_FLAG_OVERLAPPED = 0x40000000
    _FILE_FLAG_FIRST_PIPE_INSTANCE = 0x80000
    _PIPE_TYPE_MESSAGE = 0x4
    _PIPE_READMODE_MESSAGE = 0x2
    _PIPE_REJECT_REMOTE_CLIENTS = 0x8
    _UNLIMITED_INSTANCES = 255
    _BUFFER = 64 * 1024
    _INVALID = ctypes.c_void_p(-1).value

    class _SecurityAttributes(ctypes.Structure):
        _fields_ = (
            ("length", wintypes.DWORD),
            ("descriptor", ctypes.c_void_p),
            ("inherit", wintypes.BOOL),
        )

    def _owner_only_pipe(address: str, *, first: bool) -> Any:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        security = ctypes.WinDLL("advapi32", use_last_error=True)
        descriptor = ctypes.c_void_p()
        convert = security.ConvertStringSecurityDescriptorToSecurityDescriptorW
        if not convert(ctypes.c_wchar_p(_SDDL), 1, ctypes.byref(descriptor), None):
            raise ctypes.WinError(ctypes.get_last_error())
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
        kernel.CreateNamedPipeW.restype = wintypes.HANDLE
        handle = kernel.CreateNamedPipeW(
            ctypes.c_wchar_p(address),
            _PIPE_ACCESS_DUPLEX | _FILE_FLAG_OVERLAPPED | (_FILE_FLAG_FIRST_PIPE_INSTANCE if first else 0),
            _PIPE_TYPE_MESSAGE | _PIPE_READMODE_MESSAGE | _PIPE_REJECT_REMOTE_CLIENTS,
            _UNLIMITED_INSTANCES,
            _BUFFER,
            _BUFFER,
            0,
            ctypes.byref(attributes),
        )
        error = ctypes.get_last_error()
        kernel.LocalFree(descriptor)
        if handle in {None, _INVALID}:
            raise ctypes.WinError(error)
        return windows_utils.PipeHandle(handle)

    class _OwnedPipeServer(windows_events.PipeServer):  # type: ignore[name-defined,misc]  # not in typeshed
        def _server_pipe_handle(self, first: bool) -> Any:  # noqa: FBT001 - asyncio's own signature
            if self.closed():
                return None
            pipe = _owner_only_pipe(self._address, first=first)
            self._free_instances.add(pipe)
            return pipe

    class OwnedPipeSite(web.NamedPipeSite):
        """aiohttp's pipe site over such a pipe."""

        async def start(self) -> None:
            """Begin to accept connections."""
            await web.BaseSite.start(self)
            loop: Any = asyncio.get_running_loop()
            original = windows_events.PipeServer  # type: ignore[attr-defined]  # not in typeshed
            windows_events.PipeServer = _OwnedPipeServer  # type: ignore[attr-defined]  # for this one call
            try:
                (self._server,) = await loop.start_serving_pipe(self._runner.server, self._path)
            finally:
                windows_events.PipeServer = original  # type: ignore[attr-defined]  # put back
