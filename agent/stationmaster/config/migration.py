"""Versions of the settings files, and the steps that lead from each to the next.

All settings files share one number, `schema`; a file without one is of version 1. An older file is brought up
to date in memory whenever it is read. It is written so by the next edit, or when the agent starts; the old
one is kept beside it as `line1.toml.v1`.

To change what a setting means or where it stands, append a `Step` to `STEPS`. Never change one that was
released.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from stationmaster.config.schema import SCHEMA, AgentConfig
from stationmaster.errors import ConfigError
from stationmaster.sentence import closed

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Change = Callable[["TOMLDocument"], "TOMLDocument"]


def same(document: TOMLDocument) -> TOMLDocument:
    """The change of a step that does not concern this kind of file."""
    return document


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from one version to the next.

    A change gets the file as tomlkit reads it, so comments and layout stay, and sets no `schema` itself. The
    file was not checked before: what is not there, or is of another type, is left to the check that follows.
    """

    instance: Change = same
    agent: Change = same


STEPS: tuple[Step, ...] = ()
"""STEPS[0] leads from version 1 to 2."""


def version() -> int:
    """The version that this program writes, and the newest that it reads."""
    return SCHEMA + len(STEPS)


def is_older(raw: Mapping[str, Any]) -> bool:
    """Whether a file with this content must be brought up to date."""
    return version_of(raw) < version()


def toml(text: str, *, file: str) -> dict[str, Any]:
    """The values of TOML text.

    Raises:
        ConfigError: it is no TOML; names the place, shows nothing of the text.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply.", next_step="Correct the file.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            closed(f"{file} is no TOML: {error}"), next_step="Correct the file at that place."
        ) from error


def up_to_date(text: str, kind: type[msgspec.Struct], *, file: str) -> str:
    """The text of a settings file in the newest version; the same text where it is that, or a later one.

    Args:
        text: TOML.
        kind: `AgentConfig`, or else an instance's.
        file: its name for errors.

    Raises:
        ConfigError: it is no TOML, or a step cannot deal with what it says.
    """
    raw = toml(text, file=file)
    if not is_older(raw):
        return text
    import tomlkit  # noqa: PLC0415 - only old files need it

    from stationmaster.config.patch import apply  # noqa: PLC0415 - as above

    document = _through(tomlkit.parse(text), version_of(raw), kind, file=file)
    return apply(tomlkit.dumps(document), {"schema": version()}, file=file)


def migrated(raw: Mapping[str, Any], kind: type[msgspec.Struct], *, file: str) -> dict[str, Any]:
    """Values that stand in no file of their own in the newest version; `raw` names its `schema`."""
    import tomlkit  # noqa: PLC0415 - as above

    text = up_to_date(tomlkit.dumps(raw), kind, file=file)
    return toml(text, file=file)


def _through(document: TOMLDocument, begin: int, kind: type[msgspec.Struct], *, file: str) -> TOMLDocument:
    for number, step in enumerate(STEPS[begin - SCHEMA :], start=begin):
        try:
            document = (step.agent if kind is AgentConfig else step.instance)(document)
        except Exception as error:
            raise ConfigError(
                f"{file} cannot be brought from version {number} to {number + 1}: {error!r}.",
                next_step="Correct the file: docs/settings.md says what each setting may be.",
            ) from error
    return document


def version_of(raw: Mapping[str, Any]) -> int:
    """The version of a file with this content; what is no version is left to the check of the whole file."""
    found = raw.get("schema", SCHEMA)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= SCHEMA else version()
