"""The token in a file, where the settings ask for it: 0600, on Windows protected by the account (DPAPI)."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from stationmaster.config.atomic import replace_text
from stationmaster.config.secrets.secret import Secret
from stationmaster.errors import ConfigError
from stationmaster.home.paths import make_private


def read(path: Path) -> Secret | None:
    """The token of a file; None where there is no file.

    Raises:
        ConfigError: others may read the file, or it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        _check_rights(path, os.fstat(file.fileno()))
        try:
            content = file.read(65536)
        except OSError as error:
            raise _unreadable(path, error) from error
    return Secret.parse(_from_disk(content, path))


def write(path: Path, token: Secret) -> None:
    """Store the token; on disk when this returns."""
    make_private(path.parent)
    if sys.platform != "win32" and path.exists():
        path.chmod(0o600)  # a new file takes the rights of the old one
    replace_text(path, _to_disk(token))


def delete(path: Path) -> None:
    """Remove the token's file; none is no error."""
    if path.exists():
        replace_text(path, None)


def _check_rights(path: Path, found: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"The token file {path} may be read by others, so it is not used.",
            next_step=f"Run chmod 600 {path} as its owner, and think about a new token.",
        )


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The token file {path} cannot be read: {error.strerror}.", next_step="Check its owner and rights."
    )


if sys.platform == "win32":
    import base64
    import ctypes

    class _Blob(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint32), ("data", ctypes.c_void_p))

    def _crypt(function: str, content: bytes) -> bytes:
        """CryptProtectData and its inverse, for this account, without a prompt (flag 1)."""
        buffer = ctypes.create_string_buffer(content, len(content))
        given, taken = _Blob(len(content), ctypes.addressof(buffer)), _Blob()
        call = getattr(ctypes.windll.crypt32, function)
        if not call(ctypes.byref(given), None, None, None, None, 1, ctypes.byref(taken)):
            raise ConfigError(
                "Windows cannot protect or open the token file for this account.",
                next_step="Hand the token over again.",
            )
        try:
            return ctypes.string_at(taken.data, taken.size)
        finally:
            ctypes.windll.kernel32.LocalFree(ctypes.c_void_p(taken.data))

    def _to_disk(token: Secret) -> str:
        return base64.b64encode(_crypt("CryptProtectData", token.reveal().encode())).decode()

    def _from_disk(content: bytes, path: Path) -> str:
        try:
            sealed = base64.b64decode(content, validate=True)
        except ValueError:
            raise ConfigError(
                f"The token file {path} is damaged.", next_step="Hand the token over again."
            ) from None
        return _crypt("CryptUnprotectData", sealed).decode()

else:

    def _to_disk(token: Secret) -> str:
        return token.reveal() + "\n"

    def _from_disk(content: bytes, path: Path) -> str:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            # No cause: the exception would carry the content.
            raise ConfigError(
                f"The token file {path} is damaged.", next_step="Hand the token over again."
            ) from None
