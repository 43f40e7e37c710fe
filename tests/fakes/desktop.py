"""A real desktop for tests: an X server, a D-Bus, a panel that shows tray icons, notifications.

The panel is the test itself: it owns `org.kde.StatusNotifierWatcher` and `org.freedesktop.Notifications`,
reads the icon's properties and pixels and its menu, and clicks.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from dbus_fast import Message, MessageType, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusSignature
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from fakes.waiting import PATIENCE, answer, until

_ITEM = "org.kde.StatusNotifierItem"
_ITEM_PATH = "/StatusNotifierItem"
_MENU = "com.canonical.dbusmenu"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_PROGRAMS = ("Xvfb", "dbus-daemon", "xwininfo")

Str = Annotated[str, DBusSignature("s")]
Bool = Annotated[bool, DBusSignature("b")]
Int = Annotated[int, DBusSignature("i")]
UInt = Annotated[int, DBusSignature("u")]
Strings = Annotated[list[str], DBusSignature("as")]
Nothing = Annotated[None, DBusSignature("")]
Hints = Annotated[dict[str, Variant], DBusSignature("a{sv}")]


def missing() -> str:
    """Why a desktop cannot run here; "" where it can."""
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def screen(folder: Path, size: str = "1400x1000x24") -> Iterator[dict[str, str]]:
    """Run an X server; gives the variables that lead a process to it.

    It does not begin anew when its last client leaves, as it would by itself: meanwhile it refuses others.
    It has a number of its own: servers that look for a free one, as `-displayfd` alone lets them, take no
    lock, and one that ends removes the socket of another that took its number meanwhile.
    """
    read, write = os.pipe()
    display = f":{1000 + (os.getpid() * 64 + next(_SCREENS) % 64) % 50_000}"
    with (folder / "xvfb.log").open("ab") as log:
        server = subprocess.Popen(
            ["Xvfb", display, "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
            pass_fds=(write,),
            stdout=log,
            stderr=log,
        )
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        assert number, f"the X server did not start: {(folder / 'xvfb.log').read_text()}"
        yield {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "XDG_SESSION_ID": f"test-{number}"}
    finally:
        server.terminate()
        server.wait(timeout=20)


_SCREENS = itertools.count()

_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""A bus that starts no service by itself: what a test did not start is not there, what it ended stays so."""


@contextlib.contextmanager
def session_bus() -> Iterator[dict[str, str]]:
    """Run a D-Bus; gives the variables that lead a process to it."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(_BUS)
        config.flush()
        daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config.name}", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
    try:
        yield {"DBUS_SESSION_BUS_ADDRESS": address}
    finally:
        daemon.terminate()
        daemon.stdout.close()
        daemon.wait(timeout=20)


async def owned(bus: Mapping[str, str], name: str) -> None:
    """Wait until somebody holds a name on the bus."""
    connection = await MessageBus(bus_address=bus["DBUS_SESSION_BUS_ADDRESS"]).connect()
    ask = Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member="NameHasOwner",
        signature="s",
        body=[name],
    )

    async def is_owned() -> bool:
        told = await connection.call(ask)
        assert told is not None
        return bool(told.body[0])

    try:
        await answer(is_owned, what=f"{name} on the bus")
    finally:
        connection.disconnect()


def windows(variables: Mapping[str, str]) -> list[str]:
    """Titles of the windows that are seen on a screen."""
    tree = subprocess.run(
        ["xwininfo", "-root", "-tree"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,  # it fails where a window goes while it looks
    )
    found = re.findall(r'^\s+(0x[0-9a-f]+) "(Stationmaster[^"]*)"', tree.stdout, re.MULTILINE)
    return [title for number, title in found if _is_seen(number, variables)]


def _is_seen(number: str, variables: Mapping[str, str]) -> bool:
    told = subprocess.run(
        ["xwininfo", "-id", number],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return "Map State: IsViewable" in told.stdout


class Line(NamedTuple):
    """One line of a menu."""

    id: int
    text: str
    enabled: bool
    lines: tuple[Line, ...]

    def find(self, *path: str) -> Line:
        """The line with this text, below others; the beginning of a text is enough."""
        found = next(
            (line for line in self.lines if line.text.startswith(path[0])),
            None,
        )
        assert found is not None, f"no {path[0]!r} among {[line.text for line in self.lines]}"
        return found.find(*path[1:]) if path[1:] else found

    def texts(self) -> list[str]:
        """All texts of this level, lines between as ""."""
        return [line.text for line in self.lines]


class Notification(NamedTuple):
    """A notification that was shown."""

    title: str
    text: str
    urgency: int


class Panel:
    """The desktop's panel: whoever registers an icon is seen here."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._bus: MessageBus | None = None
        self._watcher = _Watcher()
        self._notifier = _Notifier()

    async def __aenter__(self) -> Self:
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.export("/StatusNotifierWatcher", self._watcher)
        self._bus.export("/org/freedesktop/Notifications", self._notifier)
        await self._bus.request_name("org.kde.StatusNotifierWatcher")
        await self._bus.request_name("org.freedesktop.Notifications")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._bus is not None
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # of the library

    @property
    def icons(self) -> list[str]:
        """Who registered an icon, in order."""
        return self._watcher.items

    @property
    def notifications(self) -> list[Notification]:
        """What was shown, in order."""
        return self._notifier.shown

    async def icon(self) -> str:
        """Wait for an icon; the name of its owner on the bus."""
        await until(lambda: self.icons, what="an icon in the panel")
        return self.icons[-1]

    async def property(self, name: str) -> Any:
        """A property of the last icon."""
        return (await self._call(_ITEM_PATH, _PROPERTIES, "Get", "ss", [_ITEM, name]))[0].value

    async def tooltip(self) -> str:
        """The icon's tooltip."""
        return str((await self.property("ToolTip"))[2])

    async def pixels(self) -> tuple[int, int, bytes]:
        """Width, height and ARGB bytes of the largest picture."""
        width, height, data = max(await self.property("IconPixmap"), key=lambda one: int(one[0]))
        return int(width), int(height), bytes(data)

    async def until_tooltip(self, part: str, *, seconds: float = PATIENCE) -> str:
        """Wait until the tooltip has these words."""
        text = await self.tooltip()
        end = time.monotonic() + seconds
        while part not in text:
            assert time.monotonic() < end, f"the tooltip stays {text!r}, not {part!r}"
            await asyncio.sleep(0.02)
            text = await self.tooltip()
        return text

    async def menu(self) -> Line:
        """The whole menu."""
        path = str(await self.property("Menu"))
        await self._call(path, _MENU, "AboutToShow", "i", [0])
        _, root = await self._call(path, _MENU, "GetLayout", "iias", [0, -1, []])
        return _line(root)

    async def choose(self, *path: str) -> None:
        """Choose a line of the menu."""
        line = (await self.menu()).find(*path)
        assert line.enabled, f"{line.text} cannot be chosen"
        menu = str(await self.property("Menu"))
        await self._call(menu, _MENU, "Event", "isvu", [line.id, "clicked", Variant("s", ""), 0])

    async def click(self) -> None:
        """Click the icon."""
        await self._call(_ITEM_PATH, _ITEM, "Activate", "ii", [5, 5])

    def click_notification(self, number: int) -> None:
        """Click a notification: the number of those that were shown, from 1."""
        self._notifier.ActionInvoked(number, "default")

    async def _call(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> Any:
        assert self._bus is not None
        message = Message(
            destination=await self.icon(),
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=body,
        )
        answer = await self._bus.call(message)
        assert answer is not None
        assert answer.message_type is not MessageType.ERROR, f"{member}: {answer.body}"
        return answer.body


def _line(node: Any) -> Line:
    number, properties, below = node
    values = {name: value.value for name, value in properties.items()}
    label = str(values.get("label", "")).replace("__", "\0").replace("_", "").replace("\0", "_")
    return Line(
        int(number), label, bool(values.get("enabled", True)), tuple(_line(one.value) for one in below)
    )


class _Watcher(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.kde.StatusNotifierWatcher")
        self.items: list[str] = []

    @dbus_method()
    def RegisterStatusNotifierItem(self, service: Str) -> Nothing:  # noqa: N802 - the interface's name
        self.items.append(service)
        self.StatusNotifierItemRegistered(service)

    @dbus_method()
    def RegisterStatusNotifierHost(self, _service: Str) -> Nothing:  # noqa: N802
        self.StatusNotifierHostRegistered()

    @dbus_signal()
    def StatusNotifierItemRegistered(self, service: str) -> Str:  # noqa: N802
        return service

    @dbus_signal()
    def StatusNotifierHostRegistered(self) -> Nothing:  # noqa: N802
        return None

    @dbus_property(access=PropertyAccess.READ)
    def RegisteredStatusNotifierItems(self) -> Strings:  # noqa: N802
        return self.items

    @dbus_property(access=PropertyAccess.READ)
    def IsStatusNotifierHostRegistered(self) -> Bool:  # noqa: N802
        return True

    @dbus_property(access=PropertyAccess.READ)
    def ProtocolVersion(self) -> Int:  # noqa: N802
        return 0


class _Notifier(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.freedesktop.Notifications")
        self.shown: list[Notification] = []

    @dbus_method()
    def GetCapabilities(self) -> Strings:  # noqa: N802
        return ["body", "actions"]

    @dbus_method()
    def Notify(  # noqa: N802
        self,
        _app: Str,
        _replaces: UInt,
        _icon: Str,
        title: Str,
        text: Str,
        _actions: Strings,
        hints: Hints,
        _timeout: Int,
    ) -> UInt:
        urgency = hints["urgency"].value if "urgency" in hints else 1
        self.shown.append(Notification(title, text, int(urgency)))
        return len(self.shown)

    @dbus_signal()
    def ActionInvoked(self, number: int, action: str) -> Annotated[list[int | str], DBusSignature("us")]:  # noqa: N802
        return [number, action]

    @dbus_method()
    def CloseNotification(self, _number: UInt) -> Nothing:  # noqa: N802
        return None


@contextlib.asynccontextmanager
async def desktop(folder: Path) -> AsyncIterator[tuple[Panel, dict[str, str]]]:
    """A screen, a bus and a panel; gives the panel and the variables for the programs on this desktop."""
    with screen(folder) as display, session_bus() as bus:
        async with Panel(bus["DBUS_SESSION_BUS_ADDRESS"]) as panel:
            yield panel, {**display, **bus}
