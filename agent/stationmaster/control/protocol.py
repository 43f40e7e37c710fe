"""Words that client and server of the control channel share. Routes: docs/control-api.md."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from stationmaster.errors import ControlError
from stationmaster.model import PROTOCOL_VERSION, Check, Entry, Event

VERSION_HEADER = "Stationmaster-Protocol"
"""Both sides send it; a different major number is refused with a sentence."""

FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""`until` of a pause that lasts until somebody resumes."""

MORNING = 6
"""Hour of the day, local time, at which a pause "until tomorrow" ends: before the first shift."""

MAX_BODY = 64 * 1024 * 1024
"""Bytes of the largest file that can be submitted: it is held in memory; larger ones go by folder."""

MOST_HOURS = 744.0
"""Hours that one look at an instance's activity covers at most: a month."""

MOST_BUCKETS = 500
"""Bars that it is cut into at most."""


CHANGED = "changed"
"""Code of the refusal of a patch that was made for other settings."""

PROTOCOL = "protocol"
"""Code of a refusal for another version, and of the client's own error where an answer cannot be read."""

TIMEOUT = "timeout"
"""Code of the client's own error where no answer came in time: the agent may have done it all the same."""

NOT_REGISTERED = "not registered"
"""Outcome of a provisioned instance's token where the server gave none."""


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/instances/{name}/pause`. `until` None: until somebody resumes."""

    until: datetime | None = None


class PatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`PATCH /v1/instances/{name}` and `PATCH /v1/agent`.

    Attributes:
        patch: dotted keys to new values; None removes a key.
        base: `InstanceConfigView.revision` that it was made for; with another one it is refused. "" for any.
    """

    patch: dict[str, Any]
    base: str = ""


class AddRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/instances`."""

    name: str
    server: str
    watch: tuple[dict[str, Any], ...] = ()
    patch: dict[str, Any] = {}
    token: str | None = None

    def __repr__(self) -> str:
        """Never the token."""
        return f"AddRequest(name={self.name!r}, server={self.server!r}, token=***)"


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `DELETE /v1/instances/{name}`.

    Attributes:
        note: what was left behind (a token in a keyring that does not answer), "" for nothing.
    """

    note: str = ""


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`PUT /v1/instances/{name}/token`."""

    token: str

    def __repr__(self) -> str:
        """Never the token."""
        return "TokenRequest(token=***)"


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/instances/{name}/register`.

    Attributes:
        token: a register-client token; it is used once and kept nowhere.
        client_id: another id than the settings', or than the usual one.
        replace: also where the instance holds a token already; the new one takes its place.
    """

    token: str
    client_id: str = ""
    replace: bool = False

    def __repr__(self) -> str:
        """Never the token."""
        return f"RegisterRequest(token=***, client_id={self.client_id!r}, replace={self.replace})"


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer; the passcode stays in the agent's secret store."""

    client_id: str


class ProvisionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/provision`.

    Attributes:
        text: a provisioning file (TOML).
        file: its name, for errors.
        tokens: tokens by instance; an instance that is not named keeps its own.
        register_tokens: register-client tokens by instance: one that holds no token is registered with it.
        prune: remove the instances that the file does not name.
        dry_run: tell what would change, and change nothing.
    """

    text: str
    file: str = "the provisioning file"
    tokens: dict[str, str] = {}
    register_tokens: dict[str, str] = {}
    prune: bool = False
    dry_run: bool = False

    def __repr__(self) -> str:
        """Never a token."""
        return f"ProvisionRequest(file={self.file!r}, tokens=***)"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What provisioning did to one instance, or to the agent itself.

    Attributes:
        name: the instance; "" is the agent itself.
        what: `made`, `changed`, `unchanged` or `removed`.
        keys: the settings that changed.
        token: `stored`, or `unchanged` where it was the same; "" where none was given. `registered` where the
            server gave one; `not registered` where it did not.
        note: what was left behind (a token in a keyring that does not answer), or why it is not registered.
    """

    name: str
    what: str
    keys: tuple[str, ...] = ()
    token: str = ""
    note: str = ""


class Provisioned(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `POST /v1/provision`.

    Attributes:
        changed: something is not as it was.
    """

    dry_run: bool = False
    changed: bool
    outcomes: tuple[Outcome, ...]


class SelectRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST .../entries/retry` and `.../entries/dismiss`: these ids, or all in the error list."""

    ids: tuple[int, ...] = ()
    all: bool = False
    by: str = ""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """How many things an action changed."""

    count: int


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of a submit; what it names is on disk.

    Attributes:
        entry: number of the spool entry; None for what waits in a folder until the agent takes it: a raw
            file, or a report while the instance is stopped.
        place: where that file waits.
    """

    instance: str
    report_id: str = ""
    entry: int | None = None
    place: str = ""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `POST /v1/instances/{name}/import`; the report is on disk.

    Attributes:
        outcome: `new`; `same`: it was known already; `revised`: it supersedes other content of its id;
            `other`: it is in error elsewhere, but known here with other content, so nothing was stored.
    """

    report_id: str
    entry: int
    outcome: str


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """A list of entries, newest first."""

    entries: tuple[Entry, ...]


class ServerProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process that the server knows.

    Attributes:
        kinds: what it may be used for: `test`, `repair`, `wip`.
        active: it is in use.
    """

    code: int
    name: str
    kinds: tuple[str, ...]
    active: bool


class ServerProcesses(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/instances/{name}/processes`.

    Attributes:
        fetched_at: when the server was asked; None: it never was, there is no list.
    """

    server: str
    fetched_at: datetime | None = None
    processes: tuple[ServerProcess, ...] = ()


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/instances/{name}/entries/{id}/history`."""

    events: tuple[Event, ...]


class InstanceConfigView(msgspec.Struct, frozen=True, kw_only=True):
    """An instance's settings as TOML text and as values; never a token.

    Attributes:
        revision: another one once the settings are others, for `PatchRequest.base`.
    """

    name: str
    path: str
    toml: str
    values: dict[str, Any]
    revision: str = ""


class DoctorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/doctor`.

    Attributes:
        instances: which; none for all.
        version: that of the program that asks, "" where it does not matter.
        way_only: only the way to the server, of these instances.
    """

    instances: tuple[str, ...] = ()
    version: str = ""
    way_only: bool = False


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of its answer; the last one has no check: then nothing was cut off."""

    check: Check | None


class TestConnectionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/test-connection`: settings that are not saved yet, as in `server` of an instance.

    Its answer is one `CheckLine` after the other.
    """

    __test__ = False  # no test, whatever its name makes pytest think

    server: str
    proxy: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    timeout: float = 30.0
    token: str | None = None

    def __repr__(self) -> str:
        """Never the token, nor the proxy's password."""
        return f"TestConnectionRequest(server={self.server!r}, proxy=***, token=***)"


class LogRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the agent's log.

    Attributes:
        time: None where it is not known: a line of an older form whose beginning is in an older file.
        logger: who tells it; "" in the older form.
        instance: "" for the agent itself.
        entry: number of the spool entry that it is about, or None.
        text: the message; in the older form with its traceback.
        exception: the traceback, "" without one.
        extra: what else the line says.
    """

    time: datetime | None = None
    level: str = ""
    logger: str = ""
    instance: str = ""
    entry: int | None = None
    text: str
    exception: str = ""
    extra: dict[str, Any] = {}


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/log`.

    Attributes:
        after: give this back to get what comes next.
        more: there may be more by now: ask again at once.
    """

    records: tuple[LogRecord, ...]
    after: str
    more: bool = False


class DiagnosticsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/diagnostics`.

    Attributes:
        payloads: put the reports of failed entries in, with their names replaced.
        names: answer a `Diagnostics`, with what each pseudonym stands for, instead of the zip alone.
    """

    payloads: bool = False
    names: bool = False


class Diagnostics(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnostics bundle and what its pseudonyms stand for; the second part stays on this computer."""

    bundle: bytes
    names: dict[str, str] = {}


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer that is not 2xx."""

    code: str
    text: str
    next_step: str = ""


def next_morning(now: datetime) -> datetime:
    """When a pause "until tomorrow" that begins now ends, on every clock of this computer."""
    day = now.astimezone().replace(hour=MORNING, minute=0, second=0, microsecond=0, tzinfo=None)
    return (day + timedelta(days=1)).astimezone()


def version_refusal(theirs: str | None) -> str | None:
    """Why we cannot talk to a side that says `theirs`, in a sentence; None when we can."""
    if theirs == str(PROTOCOL_VERSION):
        return None
    if theirs is None:
        return "The other side does not say which control protocol it speaks."
    return (
        f"This program speaks control protocol {PROTOCOL_VERSION}, the other side speaks {theirs}: "
        "install the same version of Stationmaster on both sides."
    )


def too_large() -> ControlError:
    """More than `MAX_BODY` is refused, by who takes it and by who would send it."""
    return ControlError(
        f"More than {MAX_BODY // 1024**2} MB do not go over the control channel.",
        status=413,
        code="too-large",
        next_step="Put the file into a watch folder instead.",
    )
