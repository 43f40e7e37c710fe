"""Every setting: frozen types, parsed once.

The description, range and example of each field feed docs/settings.md and the error messages; a title says
what is allowed where the type alone does not tell.
Durations are seconds and sizes are in the unit that the name or the description says.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from stationmaster.config.embedded_server_schema import EmbeddedServerConfig
from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.metrics_schema import MetricsConfig
from stationmaster.config.retention_schema import RetentionConfig
from stationmaster.config.station_schema import StationConfig

SCHEMA = 1
"""Version of a settings file that does not say its own; see `migration` for the newest."""


AT_ONCE = ("paused_until",)
"""Settings that an instance takes up while it runs; with any other that changes it begins anew."""


class UploadMode(StrEnum):
    """How the number of uploads at once is chosen."""

    ADAPTIVE = "adaptive"
    FIXED = "fixed"


class ProcessCheckChoice(StrEnum):
    """What happens to a report whose process code the server does not know."""

    TELL = "tell"
    HOLD = "hold"
    OFF = "off"


class SecretsStore(StrEnum):
    """Where the token lies."""

    AUTO = "auto"
    KEYRING = "keyring"
    FILE = "file"
    ENVIRONMENT = "environment"
    CREDENTIAL = "credential"


class NetworkChoice(StrEnum):
    """Whether a watch folder is treated as one on a network."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class LaneChoice(StrEnum):
    """Which lane the files of a watch folder take."""

    AUTO = "auto"
    LIVE = "live"
    BATCH = "batch"


class After(StrEnum):
    """What happens to a source file once its reports are in the spool."""

    KEEP = "keep"
    MOVE = "move"
    ARCHIVE = "archive"
    DELETE = "delete"


Url = Annotated[
    str,
    Meta(
        pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/]\S*\Z",
        title="an address that starts with https:// or http://",
        description="Address of the WATS server, without `/api`. A token does not belong here.",
        examples=["https://company.wats.com"],
    ),
]


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The WATS server this instance sends to, and the way there."""

    url: Url
    proxy: Annotated[
        str,
        Meta(
            pattern=r"^$|^[Hh][Tt][Tt][Pp][Ss]?://[^\s/]\S*\Z",
            title="an address that starts with http:// or https://, or empty",
            description='Proxy for all requests to the server; "" for none.',
            examples=["http://proxy.factory.local:3128"],
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Meta(
            description="File with further root certificates (PEM), beside the system's own; full path.",
            examples=["/etc/ssl/factory-root.pem"],
        ),
    ] = ""
    client_cert: Annotated[
        str,
        Meta(
            description="File with this station's own certificate (PEM), where the server asks for one; full "
            "path.",
            examples=["/etc/stationmaster/station.pem"],
        ),
    ] = ""
    client_key: Annotated[
        str,
        Meta(
            description="File with the private key of `client_cert`, where that holds none; full path, not "
            "readable by others, without a passphrase.",
            examples=["/etc/stationmaster/station.key"],
        ),
    ] = ""
    timeout: Annotated[
        float, Meta(ge=1, le=600, description="Seconds one request may take.", examples=[60.0])
    ] = 30.0
    ping_interval: Annotated[
        float,
        Meta(ge=5, le=86400, description="Seconds between two looks at the server.", examples=[300.0]),
    ] = 60.0
    client_info: Annotated[
        bool,
        Meta(
            description="Whether a registered client tells the server each hour how it is.", examples=[False]
        ),
    ] = True


class UploadConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many reports go to the server at once."""

    mode: Annotated[
        UploadMode,
        Meta(
            description="`adaptive` finds the best number by itself, `fixed` always uses `max_concurrent`.",
            examples=["fixed"],
        ),
    ] = UploadMode.ADAPTIVE
    max_concurrent: Annotated[
        int,
        Meta(ge=1, le=256, description="Uploads at once in mode `fixed`; 1 sends one by one.", examples=[1]),
    ] = 5
    max_adaptive: Annotated[
        int, Meta(ge=1, le=256, description="Most uploads at once in mode `adaptive`.", examples=[16])
    ] = 64
    requests_per_minute: Annotated[
        int,
        Meta(ge=0, description="Most requests per minute with this token; 0 for no limit.", examples=[600]),
    ] = 0
    check_process: Annotated[
        ProcessCheckChoice,
        Meta(
            description="A report whose process code is not on the server's list: `tell` sends it and shows "
            "a Problem, `hold` puts it into the error list instead, `off` does not look.",
            examples=["hold"],
        ),
    ] = ProcessCheckChoice.TELL


class ConvertConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the worker processes that convert result files."""

    max_concurrent: Annotated[
        int, Meta(ge=1, le=256, description="Conversions of this station at once.", examples=[2])
    ] = 10
    timeout: Annotated[
        float,
        Meta(
            ge=1,
            le=86400,
            description="Seconds one conversion may take before it is ended; a file gets 2 more for each MB.",
            examples=[300.0],
        ),
    ] = 60.0
    memory_mb: Annotated[
        int, Meta(ge=64, le=1_048_576, description="Megabytes one worker may use.", examples=[2048])
    ] = 1024
    output_mb: Annotated[
        int,
        Meta(ge=1, le=1024, description="Megabytes a converter may print before it is ended.", examples=[16]),
    ] = 4


class SecretsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server token lies. The token itself never stands in this file."""

    store: Annotated[
        SecretsStore,
        Meta(
            description="`auto` looks for a systemd credential, then an environment variable, then in the "
            "system's keyring, never in a file. `file` keeps it in a file that only its owner may read.",
            examples=["keyring"],
        ),
    ] = SecretsStore.AUTO


NonEmpty = Annotated[str, Meta(min_length=1)]


class WatchFolder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder where result files appear."""

    path: Annotated[str, Meta(min_length=1, description="The folder, full path.", examples=["/srv/results"])]
    converters: Annotated[
        tuple[NonEmpty, ...],
        Meta(
            min_length=1,
            description="Converters for these files; of several, the most confident one takes a file.",
            examples=[["wsjf", "wstf"]],
        ),
    ]
    include: Annotated[
        tuple[NonEmpty, ...],
        Meta(min_length=1, description="Patterns of file names to take.", examples=[["*.json"]]),
    ] = ("*",)
    exclude: Annotated[
        tuple[NonEmpty, ...],
        Meta(description="Patterns of file names to leave alone.", examples=[["*.tmp", "draft-*"]]),
    ] = ()
    recursive: Annotated[bool, Meta(description="Whether sub-folders are watched too.", examples=[True])] = (
        False
    )
    marker: Annotated[
        str,
        Meta(
            pattern=r"^$|^[^./\\][^/\\]*\Z",
            title="a name or pattern of a file, without a slash and a dot at its start, or empty",
            description="Makes each sub-folder that holds a file of this name or pattern one source, to be "
            'converted and released as a whole; "" takes single files.',
            examples=["done.txt"],
        ),
    ] = ""
    settle: Annotated[
        float,
        Meta(
            ge=0, le=3600, description="Seconds a file must stand still before it is taken.", examples=[5.0]
        ),
    ] = 1.0
    network: Annotated[
        NetworkChoice,
        Meta(
            description="Whether the folder lies on a network and may hang; `auto` asks the system.",
            examples=["yes"],
        ),
    ] = NetworkChoice.AUTO
    lane: Annotated[
        LaneChoice,
        Meta(
            description="`live` files go first, `batch` files wait for them; `auto` leaves it to the agent.",
            examples=["batch"],
        ),
    ] = LaneChoice.AUTO
    after: Annotated[
        After,
        Meta(
            description="What happens to a file once its reports are stored: `keep` leaves it, `move` puts "
            "it into `move_to`, `archive` into a folder per day, `delete` removes it.",
            examples=["archive"],
        ),
    ] = After.KEEP
    move_to: Annotated[
        str,
        Meta(
            description="Full path of the folder for `move` and `archive`; `archive` has its own if empty.",
            examples=["/srv/done"],
        ),
    ] = ""
    incomplete_after: Annotated[
        float,
        Meta(
            ge=1,
            le=31_536_000,
            description="Seconds after which a file that is still not complete goes to the error list, or is "
            "taken where its converter's option `accept_incomplete` says so, a sub-folder without its "
            "`marker` becomes a Problem, and a file that may grow is released, where the system does not "
            "tell who writes to it.",
            examples=[3600.0],
        ),
    ] = 600.0
    options: Annotated[
        dict[str, dict[str, Any]],
        Meta(
            description="Options per converter; `stationmaster converter list` names them.",
            examples=[{"wstf": {"process_code": 10}}],
        ),
    ] = msgspec.field(default_factory=dict)


SchemaVersion = Annotated[int, Meta(ge=1, description="Version of this file's format.", examples=[1])]


class InstanceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instance: config/instances/<name>.toml."""

    name: Annotated[str, Meta(description="The file's name, not a setting.")] = ""
    schema: SchemaVersion = SCHEMA
    id: Annotated[
        UUID,
        Meta(
            description="Part of every report id this station makes. Written once; never change or copy it.",
            examples=["5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"],
        ),
    ]
    enabled: Annotated[bool, Meta(description="Whether the agent runs this station.", examples=[False])] = (
        True
    )
    paused_until: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="Uploads wait until then (with time zone); files are still taken.",
            examples=["2026-01-31T18:00:00Z"],
        ),
    ] = None
    server: ServerConfig
    station: StationConfig = StationConfig()
    upload: UploadConfig = UploadConfig()
    convert: ConvertConfig = ConvertConfig()
    retention: RetentionConfig = RetentionConfig()
    secrets: SecretsConfig = SecretsConfig()
    watch: tuple[WatchFolder, ...] = ()
    fetch: tuple[FetchSource, ...] = ()


class LogLevel(StrEnum):
    """How much the log tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agent itself: config/agent.toml. The file need not exist."""

    schema: SchemaVersion = SCHEMA
    conversions: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Conversions at once over all stations; 0 for one per core.",
            examples=[2],
        ),
    ] = 0
    log_level: Annotated[LogLevel, Meta(description="How much the log tells.", examples=["debug"])] = (
        LogLevel.INFO
    )
    log_levels: Annotated[
        dict[str, LogLevel],
        Meta(
            description="Other levels for single parts of the program, by their names in the log.",
            examples=[{"deliver": "debug"}],
        ),
    ] = msgspec.field(default_factory=dict)
    shutdown_budget: Annotated[
        float,
        Meta(ge=1, le=30, description="Seconds the agent may take to stop in order.", examples=[20.0]),
    ] = 30.0
    metrics: MetricsConfig = MetricsConfig()
    embedded_server: EmbeddedServerConfig = EmbeddedServerConfig()
