"""Accounts of the system, made for one test, and programs that run with their rights."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import stationmaster

_LOCK = Path(tempfile.gettempdir()) / "stationmaster-test-accounts.lock"
_LEFT_OUT = ("test", "site-packages", "config-*", "idlelib", "tkinter", "ensurepip", "*.a")


def needs_root() -> None:
    """Skip where no accounts can be made; with STATIONMASTER_TEST_ALL that is an error."""
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("useradd"):
        return
    why = "only root on Linux can make accounts and take on their rights"
    if os.environ.get("STATIONMASTER_TEST_ALL"):
        pytest.fail(why)
    pytest.skip(why)


class Python(NamedTuple):
    """A Python that every account can run, with our packages."""

    program: str
    env: dict[str, str]


def everybodys_python(folder: Path) -> Python:
    """This Python, or a copy of it in `folder` where it lies in somebody's home."""
    packages = os.pathsep.join([str(Path(stationmaster.__file__).parents[1]), sysconfig.get_path("purelib")])
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    copy = folder / "python"
    ours = Python(sys.executable, env)
    if _runs(ours):
        return ours
    prefix, library = Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, copy / "lib" / library.name, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for shared in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, copy / "lib")
    (copy / "bin").mkdir()
    shutil.copy2(Path(sys.executable).resolve(), copy / "bin" / "python3")
    moved = {**env, "PYTHONHOME": str(copy), "LD_LIBRARY_PATH": str(copy / "lib")}
    found = Python(str(copy / "bin" / "python3"), moved)
    if not _runs(found):
        pytest.fail("other accounts cannot read this Python, its packages, or the repository")
    return found


def _runs(python: Python) -> bool:
    command = [python.program, "-c", "import stationmaster.cli.program"]
    try:
        done = subprocess.run(
            command, env=python.env, cwd="/", user="nobody", extra_groups=[], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def rights(user: str) -> dict[str, Any]:
    """Arguments for `subprocess` that give a child this account's rights; none for root."""
    if user == "root":
        return {}
    found = pwd.getpwnam(user)
    return {"user": user, "group": found.pw_gid, "extra_groups": os.getgrouplist(user, found.pw_gid)}


@contextmanager
def accounts(group: str, members: Mapping[str, bool]) -> Iterator[None]:
    """These accounts exist until the end, in `group` or not; and so does the group.

    Only one test at a time has accounts: all of them share one list.
    """
    with _LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh = not _exists(group)
        if fresh:
            _do("groupadd", "--system", group)
        made: list[str] = []
        try:
            for name, member in members.items():
                shell = ("--no-create-home", "--shell", "/usr/sbin/nologin")
                # nogroup: else each would get a group of its own, which would be left behind
                _do("useradd", "--system", *shell, "--gid", group if member else "nogroup", name)
                made.append(name)
            yield
        finally:
            for name in made:
                _do("userdel", name)
            if fresh:
                _do("groupdel", group)


def _exists(group: str) -> bool:
    try:
        grp.getgrnam(group)
    except KeyError:
        return False
    return True


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
