"""Where pictures are taken: a computer of their own, so that no name, path or clock of this one is in them.

On Linux the command runs itself again in namespaces of its own (`unshare`): host name, root folder, ports
and process numbers are then the same each time, and everything in the pictures is real. Elsewhere, or where
that is forbidden, the pictures show this computer's.

The clock is told: each scene has a time of day, and what the agent did in a scene happened at that time.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from stationmaster.activity import Activity, ActivityBucket
from stationmaster.config import store
from stationmaster.control import client as control_client
from stationmaster.control.trial_protocol import Trial
from stationmaster_tray import app, desk, notifier, session

HOST = "fct-04"
_ON_STAGE = "STATIONMASTER_SCREENSHOTS_STAGE"
_SPACES = ("--user", "--map-root-user", "--mount", "--uts", "--net", "--pid", "--fork", "--mount-proc")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_MOMENT = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"')
_SECONDS = re.compile(rb'"seconds":[\d.e-]+')
_FAR = timedelta(days=400)
_DAY = datetime(2026, 3, 12, tzinfo=UTC)

T = TypeVar("T")


def enter() -> Path:
    """Go on stage; the folder where everything happens."""
    os.environ.update(TZ="UTC", LANG="C.UTF-8", USER="anna", LOGNAME="anna", QT_FONT_DPI="96")
    if _ON_STAGE not in os.environ and can_be_entered():
        os.environ[_ON_STAGE] = "1"
        command = ["unshare", *_SPACES, sys.executable, *sys.argv]
        os.execvp("unshare", command)  # noqa: S606 - no shell is wanted
    if _ON_STAGE not in os.environ:
        sys.stderr.write("No namespaces here: the pictures will show this computer's names.\n")
        return Path(tempfile.mkdtemp(prefix="sm-"))
    socket.sethostname(HOST)
    _loopback()
    subprocess.run(["mount", "-t", "tmpfs", "none", "/srv"], check=True)
    home = Path("/srv/tests")
    home.mkdir()
    os.environ["HOME"] = str(home)
    platform.platform = lambda *_, **__: "Linux-6.8.0-x86_64"
    return home


def can_be_entered() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", *_SPACES, "true"], capture_output=True, check=False).returncode == 0


def _loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        name = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(asked, _SIOCGIFFLAGS, name), 16)
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


class Story:
    """The told clock: real moments since the last `tick` are its time of day."""

    def __init__(self) -> None:
        self.now = _DAY + timedelta(hours=6)
        self._marks: list[tuple[datetime, datetime]] = [(datetime.now(UTC), self.now)]

    def tick(self, time: str) -> None:
        """It is now `time`, "14:07"; never earlier than before."""
        hour, minute = map(int, time.split(":"))
        self.now = max(self.now, _DAY + timedelta(hours=hour, minutes=minute))
        self._marks.append((datetime.now(UTC), self.now))

    def told(self, real: datetime) -> datetime:
        """When it was, as the pictures tell it."""
        ahead = real - datetime.now(UTC)
        if ahead > _FAR or ahead < -_FAR / 10:
            return real
        if ahead > timedelta():
            return self.now + timedelta(minutes=round(ahead.total_seconds() / 60))
        return next((told for at, told in reversed(self._marks) if at <= real), self._marks[0][1])

    def perform(self) -> None:
        """Tell this time to the tray, and let the agent's answers come in it."""
        story = self

        class Told(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return story.now if tz is None else story.now.astimezone(tz)

        for module in (app, desk, notifier, session):
            setattr(module, "datetime", Told)  # noqa: B010 - mypy knows it as a class
        decode = control_client._decode

        def told(data: bytes, kind: type[T]) -> T:
            if kind is Trial:
                data = _SECONDS.sub(b'"seconds":0.04', data)  # how long a dry run took differs each time
            return decode(_MOMENT.sub(self._retold, data), kind)

        control_client._decode = told
        drawn = random.Random(325)  # noqa: S311 - ids that repeat
        setattr(store, "uuid4", lambda: UUID(int=drawn.getrandbits(128), version=4))  # noqa: B010 - mypy sees no such name there
        control_client.ControlClient.activity = self._activity  # type: ignore[assignment,method-assign] # a shift, told

    def _retold(self, found: re.Match[bytes]) -> bytes:
        real = datetime.fromisoformat(found[1].decode())
        return f'"{self.told(real).isoformat()}"'.encode()

    async def _activity(self, name: str, *, hours: float = 8.0, buckets: int = 48) -> Activity:
        """A shift as it may have been: nobody works eight hours for a picture."""
        await asyncio.sleep(0)
        each = timedelta(hours=hours) / buckets
        begin = self.now - timedelta(hours=hours)
        return Activity(
            instance=name,
            until=self.now,
            buckets=tuple(_bucket(begin + each * at, each.total_seconds(), at) for at in range(buckets)),
        )


def _bucket(start: datetime, seconds: float, at: int) -> ActivityBucket:
    works = at not in {0, 1, 17, 18, 19, 33}
    passed = (5 + at * 7 % 5) if works else 0
    failed = 1 if works and at % 6 == 2 else 0
    return ActivityBucket(
        start=start,
        seconds=seconds,
        taken=passed + failed,
        delivered=passed + failed,
        passed=passed,
        failed=failed,
        oldest_waiting=(8.0 + at * 5 % 9) if works else 0.0,
    )
