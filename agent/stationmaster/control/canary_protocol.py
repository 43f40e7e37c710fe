"""Further words of the control channel: a canary of a converter."""

from __future__ import annotations

import msgspec

from stationmaster.canary import Canary

FILES = 100
"""So many files are compared where nobody says how many."""
MOST_FILES = 1_000_000


class CanaryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST /v1/instances/{name}/canary`.

    Attributes:
        converter: name of one that the instance knows; "" where `content` is one.
        filename: name of the file with the converter: `rig.py` or `rig.toml`.
        content: text of that file.
        beside: the live converter; "" for the one of the same name.
        files: after so many the canary ends by itself.
        sources: watch folders and names of scheduled sources; empty: all.
    """

    converter: str = ""
    filename: str = ""
    content: str = ""
    beside: str = ""
    files: int = FILES
    sources: tuple[str, ...] = ()


class StopRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST /v1/instances/{name}/canary/stop`; it may be left out.

    Attributes:
        canary: `id` of the one that this was decided for; "" for any.
    """

    canary: str = ""


class PromoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST /v1/instances/{name}/canary/promote`.

    Attributes:
        despite_differences: also where files came out otherwise, or none was compared yet.
        base: revision of the settings that this was decided for; "" for any.
        canary: `id` of the one that this was decided for; "" for any.
    """

    despite_differences: bool = False
    base: str = ""
    canary: str = ""


class Promoted(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to that.

    Attributes:
        changed: what was changed, a sentence each.
        back: the commands that take it back.
    """

    canary: Canary
    changed: tuple[str, ...]
    back: tuple[str, ...]
