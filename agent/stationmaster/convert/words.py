"""What a person reads when a converter broke a limit: converter, file, limit, and its last words."""

from __future__ import annotations

from stationmaster.convert.job import Failed
from stationmaster.sentence import closed, joined
from stationmaster.worker.error import (
    ChildCrashedError,
    ChildError,
    ChildFloodError,
    ChildHandlerError,
    ChildMemoryError,
    ChildTimeoutError,
)

_LAST_LINE = 200


def blame(
    error: ChildError, *, name: str, doing: str, seconds: float, memory_mb: int, output_mb: float
) -> Failed:
    """The failure of converter `name`, in words.

    Args:
        doing: what it did then, "converting panel.csv".
        seconds: with `memory_mb` and `output_mb`, its limits.
    """
    match error:
        case ChildTimeoutError():
            what = f"did not finish {doing} within {seconds:g} s and was stopped"
        case ChildFloodError():
            what = f"printed more than {output_mb:g} MB while {doing} and was stopped"
        case ChildMemoryError():
            what = f"wanted more than {memory_mb} MB of memory while {doing} and was stopped"
        case ChildCrashedError():
            what = f"ended its process while {doing}: {error.ending}"
        case _:
            what = f"failed while {doing} with {error.text}"
    trace = error.trace if isinstance(error, ChildHandlerError) else ""
    last = error.output.rpartition("\n")[2].strip()[-_LAST_LINE:]
    said = f'Its last output: "{last}"' if last else ""
    return Failed(
        reason=joined(closed(f"Converter {name} {what}"), said),
        detail="\n".join(filter(None, (trace, error.output))),
        converter=name,
        fault=True,
    )
