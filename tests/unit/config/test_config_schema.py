"""What a settings file may say, and the sentences for what it may not."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from stationmaster.config import rule
from stationmaster.config.schema import AgentConfig, InstanceConfig, LogLevel, SecretsStore, UploadMode
from stationmaster.errors import ConfigError

ID = "5f0c1c5e-8d2b-4c55-9a39-6a7d3cf3d1a2"
MINIMAL: dict[str, Any] = {"id": ID, "server": {"url": "https://company.wats.com"}}
FOLDER: dict[str, Any] = {"path": "/srv/results", "converters": ["wsjf"]}


def parse(raw: dict[str, Any], text: str = "") -> InstanceConfig:
    return rule.parse({**MINIMAL, **raw}, InstanceConfig, file="line1.toml", text=text)


def refusal(raw: dict[str, Any], text: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        parse(raw, text)
    return str(caught.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    config = parse({"watch": [FOLDER]})
    assert config.id == UUID(ID)
    assert (config.schema, config.enabled, config.paused_until) == (1, True, None)
    server, upload, convert, keep = config.server, config.upload, config.convert, config.retention
    assert (server.proxy, server.ca_file, server.timeout, server.ping_interval) == ("", "", 30.0, 60.0)
    assert (upload.mode, upload.max_concurrent, upload.max_adaptive) == (UploadMode.ADAPTIVE, 5, 64)
    assert upload.requests_per_minute == 0
    assert (convert.max_concurrent, convert.timeout, convert.memory_mb, convert.output_mb) == (
        10,
        60.0,
        1024,
        4,
    )
    assert (keep.payload_days, keep.payload_mb) == (7.0, 1024)
    assert (keep.completed_days, keep.completed_count) == (90.0, 1_000_000)
    assert config.secrets.store is SecretsStore.AUTO
    (folder,) = config.watch
    assert (folder.include, folder.exclude, folder.recursive, folder.settle) == (("*",), (), False, 1.0)
    assert (folder.network, folder.lane, folder.after, folder.move_to) == ("auto", "auto", "keep", "")
    assert (folder.incomplete_after, folder.options) == (600.0, {})
    agent = AgentConfig()
    assert (agent.schema, agent.conversions, agent.log_level, agent.shutdown_budget) == (
        1,
        0,
        LogLevel.INFO,
        30.0,
    )


def test_settings_are_frozen() -> None:
    config = parse({})
    with pytest.raises(AttributeError):
        config.enabled = False  # type: ignore[misc]  # that it is refused is the test


def test_the_station_has_a_name_always() -> None:
    assert parse({}).station.machine_name == socket.gethostname()
    assert parse({"station": {"name": "FCT-04"}}).station.machine_name == "FCT-04"


def test_times_carry_their_zone() -> None:
    moment = datetime(2026, 1, 31, 18, tzinfo=UTC)
    assert parse({"paused_until": moment}).paused_until == moment
    assert "must be a time with time zone" in refusal({"paused_until": datetime(2026, 1, 31)})  # noqa: DTZ001 - without a zone on purpose


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"server": {"url": "company.wats.com"}}, "server.url must be an address that starts with https://"),
        ({"server": {"url": "https://x:notaport"}}, "server.url is no address"),
        ({"server": {"url": "https://[::1"}}, "server.url is no address"),
        ({"server": {"url": "https://x?a=b"}}, "server.url must be a plain address"),
        ({"server": {"url": "https://:80"}}, "server.url must be a plain address"),
        ({"server": {}}, 'the setting "server.url" is missing'),
        ({"server": 3}, "server must be a table, not 3"),
        (
            {"server": {"url": "https://x", "timeout": "soon"}},
            'server.timeout must be a number from 1 to 600, not "soon"',
        ),
        (
            {"server": {"url": "https://x", "timeout": True}},
            "server.timeout must be a number from 1 to 600, not true",
        ),
        (
            {"server": {"url": "https://x", "ca_file": "ca.pem"}},
            'server.ca_file must be a full path, not "ca.pem"',
        ),
        (
            {"server": {"url": "https://x", "client_cert": "line1.pem"}},
            'server.client_cert must be a full path, not "line1.pem"',
        ),
        (
            {"server": {"url": "https://x", "client_key": str(Path("/line1.key").absolute())}},
            "server.client_key needs the certificate that it belongs to.",
        ),
        (
            {"upload": {"mode": "adaptve"}},
            'upload.mode must be one of adaptive, fixed, not "adaptve". Did you mean "adaptive"?',
        ),
        (
            {"upload": {"max_concurrent": 0}},
            "upload.max_concurrent must be a whole number from 1 to 256, not 0",
        ),
        (
            {"upload": {"max_concurent": 3}},
            'there is no setting "upload.max_concurent". Did you mean "upload.max_concurrent"?',
        ),
        ({"timeuot": 3}, 'there is no setting "timeuot". Did you mean "convert.timeout"?'),
        ({"upload": {"zzz": 3}}, 'there is no setting "upload.zzz". Settings there: mode, max_concurrent'),
        ({"id": "me"}, 'id must be a UUID, not "me"'),
        ({"schema": 2}, "schema = 2 was written by a newer version; this one knows 1. Update Stationmaster."),
        ({"station": {"name": "x" * 101}}, "station.name must be a text of at most 100 letters"),
        (
            {"station": {"time_zone": "Europe/Olso"}},
            'station.time_zone must be an IANA time zone, not "Europe/Olso". Did you mean "Europe/Oslo"?',
        ),
        ({"station": {"time_zone": "../etc"}}, "station.time_zone must be an IANA time zone"),
        ({"station": {"time_zone": "1234567"}}, "For example Europe/Oslo."),
        (
            {"retention": {"payload_days": float("inf")}},
            "retention.payload_days must be a plain number, not inf",
        ),
        ({"watch": [{**FOLDER, "settle": float("nan")}]}, "watch.0.settle"),
        (
            {"watch": [FOLDER, {**FOLDER, "path": "results"}]},
            'watch.1.path must be a full path, not "results"',
        ),
        ({"watch": [{**FOLDER, "path": "/a\0b"}]}, "watch.0.path must be a full path"),
        (
            {"watch": [{**FOLDER, "converters": []}]},
            "watch.0.converters must be a list of texts that is not empty",
        ),
        (
            {"watch": [{**FOLDER, "converters": ["a", "a"]}]},
            "watch.0.converters must not name a converter twice",
        ),
        (
            {"watch": [{**FOLDER, "include": ["*", ""]}]},
            'watch.0.include.1 must be a text that is not empty, not ""',
        ),
        (
            {"watch": [{**FOLDER, "options": {"wsfj": {}}}]},
            'is for a converter that this folder does not use. Did you mean "wsjf"?',
        ),
        ({"watch": [{**FOLDER, "options": {"q": {}}}]}, "It uses wsjf."),
        ({"watch": [{**FOLDER, "options": {"wsjf": 3}}]}, 'watch.0.options must be a table, not {"wsjf": 3}'),
        (
            {"watch": [{**FOLDER, "options": {"wsjf": {"a": [float("inf")]}}}]},
            "watch.0.options.wsjf.a.0 must be a plain number",
        ),
        (
            {"watch": [{**FOLDER, "after": "move"}]},
            'watch.0.move_to must name a folder, because after = "move"',
        ),
        (
            {"watch": [{**FOLDER, "after": "move", "move_to": "/srv/results/"}]},
            "must lie outside the watched folder",
        ),
        (
            {"watch": [{**FOLDER, "after": "archive", "move_to": "/srv/results/done", "recursive": True}]},
            "must lie outside",
        ),
        ({"watch": {}}, "watch must be a list of tables, not {}"),
        ({"server": {"url": "https://company..wats.com/"}}, "server.url is no address"),
        ({"server": {"url": f"https://{'x' * 64}.com/"}}, "server.url is no address"),
        ({"server": {"url": "https://x", "proxy": "http://a..b:80"}}, "server.proxy is no address"),
        ({"server": {"url": "https://x", "proxy": "http://us\u20acr:pw@p"}}, "a proxy log-in cannot carry"),
        ({"server": {"url": "https://x", "proxy": "http://user:%E2%82%AC@p"}}, "a proxy log-in cannot carry"),
    ],
)
def test_what_is_wrong_is_said_with_key_value_and_what_was_meant(raw: dict[str, Any], says: str) -> None:
    text = refusal(raw)
    assert text.startswith("line1.toml: ")
    assert says in text


def test_a_folder_inside_is_fine_where_sub_folders_are_not_watched() -> None:
    folder = {**FOLDER, "after": "move", "move_to": "/srv/results/done"}
    assert parse({"watch": [folder]}).watch[0].move_to == "/srv/results/done"
    beside = {**folder, "recursive": True, "move_to": "/srv/results-done"}
    assert parse({"watch": [beside]}).watch[0].recursive


def test_errors_never_show_a_token() -> None:
    for raw in (
        {"server": {"url": "https://PLANTED@x"}},
        {"server": {"url": "https://me:PLANTED@x"}},
        {"server": {"url": "https://x", "token": "PLANTED"}},
        {"server": {"url": "https://x", "proxy": "ftp://me:PLANTED@proxy"}},
        {"server": {"url": "https://x", "proxy": "ftp://me:p/q@PLANTED@proxy"}},
        {"server": {"url": "https://x", "proxy": "ftp://me:p/PLANTED@proxy"}},
        {"secrets": {"token": "PLANTED"}},
        {"api_token": "PLANTED"},
        {"Password": "PLANTED"},
    ):
        assert "PLANTED" not in refusal(raw)
    assert "--token-stdin" in refusal({"server": {"url": "https://x", "token": "PLANTED"}})


def test_errors_name_the_line() -> None:
    text = """\
id = "x"
[server]
url = "https://x" # [[watch]]
"timeout" = 30.0

[[watch]]
path = "/a"
converters = ["wsjf"]
[watch.options.wsjf]
depth = 3
[[watch]]
path = "/b"
converters = ["wsjf"]
settle = -1
"""
    assert refusal({"id": "x"}, text).startswith("line1.toml, line 1: id ")
    assert rule.line_of(text, ("server", "timeout")) == 4
    assert rule.line_of(text, ("watch", "0", "path")) == 7
    assert rule.line_of(text, ("watch", "0", "options", "wsjf", "depth")) == 10
    assert rule.line_of(text, ("watch", "1", "settle")) == 14
    assert rule.line_of(text, ("watch", "1", "include")) == 11
    assert rule.line_of(text, ("upload", "mode")) == 0
    watch = [FOLDER, {**FOLDER, "settle": -1}]
    assert refusal({"watch": watch}, text).startswith("line1.toml, line 14: watch.1.settle must be")


def test_long_values_are_cut() -> None:
    assert len(refusal({"upload": {"mode": "x" * 5000}})) < 300


def test_a_config_goes_over_json_and_back() -> None:
    config = parse({"watch": [{**FOLDER, "options": {"wsjf": {"a": [1, 2.5, "x"]}}}]})
    assert msgspec.json.decode(msgspec.json.encode(config), type=InstanceConfig) == config
