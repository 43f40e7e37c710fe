"""Rules that no single type can say, and the sentences for what is wrong in a settings file."""

from __future__ import annotations

import ipaddress
import math
import os
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from stationmaster.config import migration
from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.metrics_schema import MetricsConfig
from stationmaster.config.schema import SCHEMA, After, AgentConfig, InstanceConfig, WatchFolder
from stationmaster.errors import ConfigError
from stationmaster.secrecy import TELLING_WORDS

_FULL_PATH = r"For example C:\Results." if sys.platform == "win32" else "For example /srv/results."
_CERT_STEP = "Name its file in server.client_cert."
_MALFORMED = "is no address: its host or port is malformed"

C = TypeVar("C", InstanceConfig, AgentConfig)


class Breach(msgspec.Struct, frozen=True):
    """One broken rule: which setting, what is wrong (follows the key), what to do."""

    parts: tuple[str, ...]
    text: str
    next_step: str = ""


class SettingError(ConfigError):
    """One setting is wrong.

    Attributes:
        parts: its key.
    """

    def __init__(self, text: str, *, parts: tuple[str, ...], next_step: str = "") -> None:
        """Keep the key."""
        from stationmaster.config.field import join_key  # noqa: PLC0415 - needed for errors only

        super().__init__(text, next_step=next_step, key=join_key(parts))
        self.parts = parts


Where = Callable[[Sequence[str]], str]
"""The beginning of an error's sentence: where the setting with this key stands."""


def parse(raw: dict[str, Any], kind: type[C], *, file: str, text: str = "", where: Where | None = None) -> C:
    """Turn the content of a settings file into its frozen type.

    Args:
        raw: the parsed TOML; for an instance `name` is added by the caller.
        kind: InstanceConfig or AgentConfig.
        file: the file's name for errors.
        text: the file's text, to name lines.
        where: says where a setting stands, where the file is not one of settings alone.

    Raises:
        ConfigError: names file, line, key, value, what is allowed, and "did you mean".
    """
    where = where or partial(_where, file, text)
    refuse_newer(raw, file=file)
    config = converted(raw, kind, where)
    for error in broken(config, raw, where):
        raise error
    return config


def converted(raw: dict[str, Any], kind: type[C], where: Where) -> C:
    """The content in its type; its rules are not looked at yet.

    Raises:
        SettingError: the first setting that has not its type.
    """
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _explain(error, raw, kind, where) from None  # its text is all in ours


def broken(config: InstanceConfig | AgentConfig, raw: dict[str, Any], where: Where) -> Iterator[SettingError]:
    """Every rule that the settings break."""
    for breach in _breaches(config, raw):
        from stationmaster.config.field import join_key  # noqa: PLC0415 - needed for errors only

        text = f"{where(breach.parts)}{join_key(breach.parts)} {breach.text}."
        yield SettingError(text, parts=breach.parts, next_step=breach.next_step)


def refuse_newer(raw: dict[str, Any], *, file: str) -> None:
    """Refuse what a newer version wrote: it may mean something else than we would read."""
    found, ours = raw.get("schema", SCHEMA), migration.version()
    if isinstance(found, int) and found > ours:
        raise ConfigError(
            f"{file}: schema = {found} was written by a newer version; this one knows {ours}.",
            next_step="Update Stationmaster.",
            key="schema",
        )


def line_of(text: str, parts: Sequence[str]) -> int:
    """The line of a key in TOML text, else that of its table; 0 if neither is found."""
    found, found_depth = 0, 0
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line)
        if header:
            path = _toml_key(header[2])
            table = _indexed(path, counts, array=header[1] == "[[")
            here = table
        else:
            pair = re.match(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w.-])+)\s*=", line)
            if not pair:
                continue
            here = (*table, *_toml_key(pair[1]))
        if len(here) > found_depth and tuple(parts[: len(here)]) == here:
            found, found_depth = number, len(here)
    return found


# -------------------------------------------------------------------- inside
def _toml_key(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"' ") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", text))


def _indexed(path: tuple[str, ...], counts: dict[tuple[str, ...], int], *, array: bool) -> tuple[str, ...]:
    """Put the numbers of the arrays' newest items into a header's path: watch.options -> watch.2.options."""
    if array:
        counts[path] = counts.get(path, -1) + 1
    result: list[str] = []
    for depth, part in enumerate(path, start=1):
        result.append(part)
        if path[:depth] in counts:
            result.append(str(counts[path[:depth]]))
    return tuple(result)


def _where(file: str, text: str, parts: Sequence[str]) -> str:
    line = line_of(text, parts) if text else 0
    place = f"{file}, line {line}" if line else file
    return f"{place}: " if place else ""


def _explain(
    error: msgspec.ValidationError, raw: dict[str, Any], kind: type[C], locate: Where
) -> SettingError:
    """Our sentence for msgspec's message, whose form is "cause - at `$.a[0].b`"."""
    from stationmaster.config.field import allowed, join_key, meant, shown, type_at, unknown  # noqa: PLC0415 - needed for errors only

    message = str(error)
    path = re.search(r" - at `\$(.*)`$", message)
    parts: tuple[str, ...] = ()
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path[1] if path else ""):
        if index == "...":
            break  # msgspec does not tell which entry of a free table it was
        parts += (name or index,)
    field = re.search(r"field `([^`]*)`", message)
    if field:
        parts += (field[1],)
    where = locate(parts)
    if "unknown field" in message:
        error_of = unknown(parts, kind, where=where)
        return SettingError(error_of.text, parts=parts, next_step=error_of.next_step)
    if "missing required field" in message:
        return SettingError(
            f'{where}the setting "{join_key(parts)}" is missing: it is {allowed(type_at(parts, kind))}.',
            parts=parts,
        )
    wanted, value = type_at(parts, kind), _value_at(raw, parts)
    return SettingError(
        f"{where}{join_key(parts)} must be {allowed(wanted)}, not {shown(value)}.",
        parts=parts,
        next_step=meant(value, wanted),
    )


def _value_at(raw: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        raw = raw[int(part)] if isinstance(raw, list | tuple) else raw[part]
    return raw


def _breaches(config: InstanceConfig | AgentConfig, raw: dict[str, Any]) -> Iterator[Breach]:
    yield from _not_finite(raw, ())
    if isinstance(config, AgentConfig):
        yield from _metrics(config.metrics)
    else:
        yield from _url(config.server.url)
        if config.server.proxy:
            yield from _proxy(config.server.proxy)
        for key in ("ca_file", "client_cert", "client_key"):
            yield from _absolute(("server", key), getattr(config.server, key))
        if config.server.client_key and not config.server.client_cert:
            yield Breach(("server", "client_key"), "needs the certificate that it belongs to", _CERT_STEP)
        yield from _time_zone(config.station.time_zone)
        for number, folder in enumerate(config.watch):
            yield from _folder(folder, ("watch", str(number)))
        yield from _sources(config.fetch)


def _metrics(config: MetricsConfig) -> Iterator[Breach]:
    """Who listens where others reach it must have said so."""
    if not (config.allow_remote or is_loopback(config.host)):
        yield Breach(
            ("metrics", "host"),
            f"must be an address of this computer alone, such as 127.0.0.1, not {config.host[:80]}",
            "Where other computers shall read the figures, set metrics.allow_remote = true as well.",
        )


def is_loopback(host: str) -> bool:
    """Only this computer itself reaches this address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _not_finite(value: Any, parts: tuple[str, ...]) -> Iterator[Breach]:
    """`nan` and `inf` are TOML numbers, and `nan` passes every range check."""
    if isinstance(value, float) and not math.isfinite(value):
        yield Breach(parts, f"must be a plain number, not {value}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _not_finite(item, (*parts, str(name)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _not_finite(item, (*parts, str(number)))


def _url(url: str) -> Iterator[Breach]:
    key = ("server", "url")
    split = _split(url)
    if split is None:
        yield Breach(key, _MALFORMED)
    elif split.username is not None or split.password is not None:
        yield Breach(
            key,
            "must not hold a user or token",
            "Hand the token over with --token-stdin; it goes to the keyring.",
        )
    elif not split.hostname or split.query or split.fragment:
        yield Breach(key, "must be a plain address without ? or #", "For example https://company.wats.com.")


def _proxy(url: str) -> Iterator[Breach]:
    key = ("server", "proxy")
    split = _split(url)
    if split is None or not split.hostname:
        yield Breach(key, _MALFORMED)
        return
    if split.username == "***":  # as it is shown, see `field.masked`
        yield Breach(key, "holds *** where its user and password stood", "Write them out, or leave it alone.")
    try:
        f"{unquote(split.username or '')}:{unquote(split.password or '')}".encode("latin-1")
    except UnicodeError:
        yield Breach(
            key,
            "holds a letter in its user name or password that a proxy log-in cannot carry",
            "Only letters of Latin-1 (Western Europe) can be sent to a proxy.",
        )


def _split(url: str) -> SplitResult | None:
    """The parts of an address, None where no request can go to it."""
    try:
        split = urlsplit(url)
        (split.hostname or "").encode("idna")
        _ = split.port
    except ValueError:  # what an IDNA label must not be is a ValueError too
        return None
    return split


IN_CLEAR = "the address begins with http://: token and reports can be read on the network."
IN_CLEAR_STEP = "Use https:// where the server offers it."


def in_clear(url: str) -> bool:
    """Whether token and reports would cross a network that anybody on it can read."""
    split = urlsplit(url)
    host = split.hostname or ""
    return split.scheme.lower() == "http" and not (host == "localhost" or host.startswith(("127.", "::1")))


def _absolute(parts: tuple[str, ...], path: str) -> Iterator[Breach]:
    from stationmaster.config.field import shown  # noqa: PLC0415 - cheap once msgspec is here, needed for errors only

    if path and ("\0" in path or not Path(path).is_absolute()):
        yield Breach(
            parts,
            f"must be a full path, not {shown(path)}",
            _FULL_PATH,
        )


def _time_zone(name: str) -> Iterator[Breach]:
    if not name:
        return
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        from stationmaster.config.field import shown  # noqa: PLC0415 - needed for errors only

        close = get_close_matches(name, zoneinfo.available_timezones(), n=1)
        yield Breach(
            ("station", "time_zone"),
            f"must be an IANA time zone, not {shown(name)}",
            f'Did you mean "{close[0]}"?' if close else "For example Europe/Oslo.",
        )


def _folder(folder: WatchFolder, parts: tuple[str, ...]) -> Iterator[Breach]:
    yield from _absolute((*parts, "path"), folder.path)
    yield from _absolute((*parts, "move_to"), folder.move_to)
    if len(set(folder.converters)) < len(folder.converters):
        yield Breach((*parts, "converters"), "must not name a converter twice")
    for name in folder.options:
        if name not in folder.converters:
            close = get_close_matches(name, folder.converters, n=1)
            yield Breach(
                (*parts, "options", name),
                "is for a converter that this folder does not use",
                f'Did you mean "{close[0]}"?' if close else f"It uses {', '.join(folder.converters)}.",
            )
    if folder.after is After.MOVE and not folder.move_to:
        yield Breach((*parts, "move_to"), 'must name a folder, because after = "move"')
    if folder.move_to and folder.after in (After.MOVE, After.ARCHIVE):
        watched = os.path.normcase(os.path.normpath(folder.path))
        target = os.path.normcase(os.path.normpath(folder.move_to))
        below = folder.recursive or bool(folder.marker)
        if target == watched or (below and target.startswith(watched.rstrip(os.sep) + os.sep)):
            yield Breach((*parts, "move_to"), "must lie outside the watched folder, or files are taken again")


_SECRET = re.compile(TELLING_WORDS, re.IGNORECASE)
_SECRET_WITHIN = re.compile(
    r"\b(?:pwd|pass|passw\w*|\w*(?:account|access)_?key)\s*=\s*[^\s;]|://[^\s/@:]*:[^/@]+@", re.IGNORECASE
)
"""A connection string or an address that holds a password."""


def _sources(sources: Sequence[FetchSource]) -> Iterator[Breach]:
    for number, source in enumerate(sources):
        parts = ("fetch", str(number))
        if source.name in {one.name for one in sources[:number]}:
            yield Breach((*parts, "name"), "must not be that of another source")
        for key, value in source.options.items():
            if isinstance(value, str) and value and (_SECRET.search(key) or _SECRET_WITHIN.search(value)):
                yield Breach(
                    (*parts, "options", key),
                    "must not stand in the settings in plain text",
                    'Write { env = "NAME" } or { file = "/path" } and put it there.',
                )
