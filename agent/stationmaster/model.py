"""States, snapshots and Problems: frozen values, shared by the agent, the CLI and the tray.

Everything here goes over the control channel as JSON; enum values are wire values and never change.
Times are aware UTC datetimes, durations are seconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from stationmaster.canary import CanaryStatus
from stationmaster.file_name import shown

PROTOCOL_VERSION = 1
"""Version of the control protocol and of every `--json` answer."""


class EntryState(StrEnum):
    """Where a spool entry stands. `processing` is observed, not durable: it means leased now."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    DISMISSED = "dismissed"


class EntryKind(StrEnum):
    """What an entry holds: a report to deliver, or a source file that could not be converted."""

    REPORT = "report"
    SOURCE = "source"


class Lane(StrEnum):
    """Two lanes, so that a batch never delays live results."""

    LIVE = "live"
    BATCH = "batch"


class Lifecycle(StrEnum):
    """What an instance is doing with its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    STOPPING = "stopping"
    FAILED = "failed"


class Link(StrEnum):
    """What we know of the way to the server."""

    ONLINE = "online"
    OFFLINE = "offline"
    NEEDS_LOGIN = "needs-login"


class Severity(StrEnum):
    """How much a Problem matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ProblemCode(StrEnum):
    """Every Problem there is; the code is stable and documented in docs/problems.md."""

    AGENT_STALLED = "agent-stalled"
    ARCHIVE_NOT_PACKED = "archive-not-packed"
    ARCHIVE_SHARED = "archive-shared"
    CLIENT_CERTIFICATE = "client-certificate"
    CLOCK_OFFSET = "clock-offset"
    CONFIG_INVALID = "config-invalid"
    CONVERTER_FAILING = "converter-failing"
    CONVERTER_MISSING = "converter-missing"
    DETECTION_TIE = "detection-tie"
    DISK_FULL = "disk-full"
    EMBEDDED_SERVER_UNAVAILABLE = "embedded-server-unavailable"
    ENTRIES_IN_ERROR = "entries-in-error"
    FETCH_FAILED = "fetch-failed"
    FOLDER_HANGING = "folder-hanging"
    FOLDER_MISSING = "folder-missing"
    FOLDER_OVERLAP = "folder-overlap"
    FOLDER_UNREADABLE = "folder-unreadable"
    INSTANCE_FAILED = "instance-failed"
    KEYRING_UNAVAILABLE = "keyring-unavailable"
    LOGIN_REFUSED = "login-refused"
    MARKER_MISSING = "marker-missing"
    METRICS_UNAVAILABLE = "metrics-unavailable"
    PERMISSION_REFUSED = "permission-refused"
    PROCESS_UNKNOWN = "process-unknown"
    PROXY_LOGIN = "proxy-login"
    RELEASE_FAILED = "release-failed"
    REPORT_IN_FUTURE = "report-in-future"
    REPORT_PARKED = "report-parked"
    ROUTE_MISSING = "route-missing"
    SERVER_ANSWER_FOREIGN = "server-answer-foreign"
    SERVER_BUSY = "server-busy"
    SERVER_REDIRECTS = "server-redirects"
    SERVER_UNREACHABLE = "server-unreachable"
    SOURCE_INCOMPLETE = "source-incomplete"
    SOURCE_LOCKED = "source-locked"
    SPOOL_DAMAGED = "spool-damaged"
    SPOOL_ERROR = "spool-error"
    TLS_UNTRUSTED = "tls-untrusted"
    TOKEN_MISSING = "token-missing"  # noqa: S105 - a Problem's name, not a token


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Expected trouble, as data. Two Problems with the same key are the same Problem.

    Attributes:
        instance: name of the instance, "" for the agent itself.
        subject: what it is about (a folder, a converter, a host); part of the key.
        next_step: what a person can do; "" where it heals itself.
        depends_on: code of the Problem that explains this one, "" if it stands alone.
        time_to_visible: seconds it must last before it is worth a notification.
    """

    code: ProblemCode
    severity: Severity
    title: str
    text: str
    next_step: str = ""
    instance: str = ""
    subject: str = ""
    since: datetime
    depends_on: str = ""
    time_to_visible: float = 0.0

    def __post_init__(self) -> None:
        """The texts may name files: make them such that they can be sent."""
        for field in ("title", "text", "next_step", "subject"):
            text = getattr(self, field)
            if not text.isascii():
                msgspec.structs.force_setattr(self, field, shown(text))

    @property
    def key(self) -> tuple[str, str, str]:
        """Identity: instance, code, subject."""
        return (self.instance, self.code, self.subject)


class Hop(StrEnum):
    """What a check of the doctor looks at: each part of the way from a file to the server."""

    AGENT = "agent"
    VERSION = "version"
    SUPERVISION = "supervision"
    HOME = "home"
    SETTINGS = "settings"
    TOKEN = "token"  # noqa: S105 - a check's name, not a token
    ADDRESS = "address"
    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    SERVER = "server"
    LOGIN = "login"
    PERMISSION = "permission"
    CLOCK = "clock"
    FOLDER = "folder"
    OVERLAP = "overlap"
    OWN_FOLDER = "own-folder"
    CONVERTER = "converter"
    FETCH = "fetch"
    DISK = "disk"
    SPOOL = "spool"
    ARCHIVE = "archive"
    PROBLEM = "problem"
    """What the running agent tells beside all that."""


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the doctor looked at. What failed has the words of the Problem that the agent shows.

    Attributes:
        name: what was looked at; `label` is the same for people, whatever came of it.
        code: the Problem's code; "" where all is well, and for what is no Problem of an agent that runs.
        instance: name of the instance, "" for the agent itself.
        subject: what it is about (a folder, a converter, a host).
        seconds: how long it took.
        details: more for a person who looks closer; `because` of a skipped check names the hop that failed.
    """

    name: Hop
    state: CheckState
    label: str = ""
    title: str
    text: str
    next_step: str = ""
    code: str = ""
    instance: str = ""
    subject: str = ""
    seconds: float = 0.0
    details: dict[str, str] = {}

    def __post_init__(self) -> None:
        """As a Problem's: the texts may name files."""
        for field in ("title", "text", "next_step", "subject"):
            text = getattr(self, field)
            if not text.isascii():
                msgspec.structs.force_setattr(self, field, shown(text))


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries stand in each state."""

    queued: int = 0
    processing: int = 0
    completed: int = 0
    error: int = 0
    dismissed: int = 0


class FolderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A watch folder as the last scan saw it.

    Attributes:
        own: it is one of the agent's own, where programs hand over: no folder of the settings.
    """

    path: str
    converters: tuple[str, ...]
    reachable: bool = True
    waiting: int = 0
    last_scan_at: datetime | None = None
    own: bool = False


class FetchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduled source.

    Attributes:
        running: it is being fetched now.
        count: files fetched so far.
        error: why the last run failed, "" when it went well.
    """

    name: str
    converter: str
    running: bool = False
    last_run_at: datetime | None = None
    next_run_at: datetime | None = None
    count: int = 0
    error: str = ""


class UploadStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The uploader's gate now."""

    mode: str
    limit: int
    in_flight: int
    blocked_until: datetime | None = None
    last_upload_at: datetime | None = None


class InstanceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One instance in the snapshot.

    Attributes:
        link_since: since when `link` is what it is; None while the instance does not run.
    """

    name: str
    lifecycle: Lifecycle
    link: Link
    server: str
    station: str
    link_since: datetime | None = None
    paused_until: datetime | None = None
    counts: Counts = Counts()
    converting: int = 0
    oldest_queued_at: datetime | None = None
    folders: tuple[FolderStatus, ...] = ()
    fetches: tuple[FetchStatus, ...] = ()
    upload: UploadStatus
    canary: CanaryStatus | None = None


class AgentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The whole observed state: one frozen snapshot with a revision that only grows.

    Attributes:
        embedded_server: address of the embedded server that the agent runs, "" where it runs none.
    """

    revision: int
    version: str
    pid: int
    started_at: datetime
    home: str
    embedded_server: str = ""
    instances: tuple[InstanceStatus, ...] = ()
    problems: tuple[Problem, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):  # lists hold 100,000; no cycle can be
    """One spool entry without its payload, as lists and searches show it.

    Attributes:
        id: number of the entry in its instance's spool.
        report_id: the report's UUID in canonical form; "" for kind `source`.
        revision: 1 for the first payload under this report id, 2 for the one that superseded it, ...
        superseded: True when a later revision of the same report id exists.
        size: bytes of the payload.
        digest: hex SHA-256 of the payload; "" once retention dropped the payload of a source error.
        source: path of the source file as it was taken; "" for submitted reports.
        place: where that file is now ("" when deleted).
        receipt: the server's answer, as JSON text.
        dismissed_by: who dismissed it.
    """

    id: int
    instance: str
    kind: EntryKind = EntryKind.REPORT
    report_id: str
    revision: int = 1
    superseded: bool = False
    state: EntryState
    lane: Lane = Lane.LIVE
    serial_number: str = ""
    part_number: str = ""
    process_code: int | None = None
    result: str = ""
    start: str = ""
    source: str = ""
    place: str = ""
    converter: str = ""
    size: int = 0
    digest: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    reason: str = ""
    receipt: str = ""
    dismissed_by: str = ""
    created_at: datetime
    updated_at: datetime


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to an entry.

    Attributes:
        what: queued, retry, completed, error, dismissed, superseded, revision, requeued, failed, replaced,
            converted: of a report, this one tells which version of the converter made it.
        by: the person or part that did it, "" for the agent.
    """

    at: datetime
    what: str
    detail: str = ""
    by: str = ""


class ReportMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker tells about one converted report; the payload lies in its result file.

    Attributes:
        offset: byte offset of the payload in the result file.
        size: bytes of the payload.
        digest: SHA-256 of the payload, hex.
    """

    report_id: str
    serial_number: str
    part_number: str
    process_code: int | None = None
    result: str
    start: str
    offset: int
    size: int
    digest: str
    warnings: tuple[str, ...] = ()


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of a source file's content at one moment; equal means "the same file, unchanged"."""

    path: Path
    size: int
    mtime_ns: int
