"""Acting as the account that a machine-scope home belongs to, so that what root writes there is readable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from stationmaster.errors import StationmasterError
from stationmaster.home.paths import Home, Scope

_SESSION = (
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
)
"""Of the caller's own session: another account has no use for them, and no right to them."""


def become_owner(home: Home) -> None:
    """Let this process have the rights of the account whose agent it is, for good. Idempotent.

    In machine scope the agent runs under an account of its own. Files that root left in its folders it could
    not read, and a token that went to root's keyring it would never see. To write as that account also means
    that a link it planted leads root nowhere.

    Raises:
        StationmasterError: this user is neither that account nor root.
    """
    if home.scope is not Scope.MACHINE or sys.platform == "win32":
        return
    owner = _owner(home.config)
    if owner is None or owner == os.geteuid():
        return
    if os.geteuid() != 0:
        raise StationmasterError(
            f"{home.config} belongs to another account: only that one and root may use the files of the "
            "machine's agent.",
            next_step="Run the command with sudo.",
        )
    _become(owner)


def _owner(folder: Path) -> int | None:
    """The user id that owns `folder`; None where there is none yet, so that whoever makes it owns it."""
    try:
        return folder.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StationmasterError(
            f"The folder {folder} cannot be looked at: {error.strerror}.",
            next_step="Run the command with sudo.",
        ) from error


if sys.platform != "win32":
    import pwd

    def _become(uid: int) -> None:
        try:
            account = pwd.getpwuid(uid)
        except KeyError:
            raise StationmasterError(
                f"The folders of the machine's agent belong to user id {uid}, which is no account here.",
                next_step="Give them to an account: stationmaster --scope machine agent install",
            ) from None
        _refuse_unreadable(account.pw_name, uid)
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(uid)
        os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
        for name in _SESSION:
            os.environ.pop(name, None)

    def _refuse_unreadable(name: str, uid: int) -> None:
        """What is not loaded yet, that account must load."""
        os.seteuid(uid)
        try:
            readable = all(os.access(file, os.R_OK, effective_ids=True) for file in (os.__file__, __file__))
        finally:
            os.seteuid(0)
        if not readable:
            raise StationmasterError(
                f"The account {name} of the machine's agent cannot read this program.",
                next_step="Install it where every account may read it, such as /opt/stationmaster.",
            )

else:

    def _become(uid: int) -> None:
        """Windows knows no such thing."""
