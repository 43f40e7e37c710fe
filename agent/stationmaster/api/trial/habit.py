"""What a converter does beside yielding reports: does it keep things, print, read or write elsewhere?"""

from __future__ import annotations

import copy
import inspect
import locale
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from stationmaster.api.converter import Converter, ConverterOptions, HasOptions
from stationmaster.api.trial.case import Case, Outcome, convert, words
from stationmaster.api.trial.finding import Findings
from stationmaster.api.trial.watch import Watch

_PLAIN = (str, bytes, int, float, complex, bool, type(None), list, dict, set, tuple, frozenset)


def check_habits(case: Case, found: Findings) -> None:
    """Convert the sample once more and look at all that is not a report."""
    modules = _modules(case.converter)
    before = {module.__name__: _values(vars(module)) for module in modules}
    kept = _values(vars(type(case.converter)))
    world = _world()
    options = copy.deepcopy(case.options)
    with Watch(case.source.path) as watch:
        outcome = case.run()
    _world_changed(found, case, world, _world())
    for module in modules:
        _changed(
            found,
            f"The module {Path(module.__file__ or module.__name__).name}",
            before[module.__name__],
            vars(module),
        )
    _changed(found, f"The class {type(case.converter).__name__}", kept, vars(type(case.converter)))
    if case.options != options:
        found.error("options", "convert() changes its options.", next_step="They are the same for all files.")
    if outcome.printed.strip():
        found.warning(
            "prints",
            f"The converter prints: {outcome.printed.strip().splitlines()[0][:80]!r}.",
            file=case.file,
            next_step="Nobody sees it unless the file fails; tell people things with report.warn().",
        )
    _touched(found, case, watch)
    _equal(found, case, outcome)


def check_state(cases: list[Case], found: Findings) -> None:
    """Convert A, B, A with one and the same converter: both A must be equal."""
    for number, case in enumerate(cases[:8]):
        other = cases[(number + 1) % len(cases)]
        source = other.source if other is not case else case.variant(case.content[: len(case.content) // 2])
        converter = case.fresh()
        first = convert(converter, case.source, case.options)
        convert(converter, source, case.options)
        again = convert(converter, case.source, case.options)
        if first.good and (again.bodies != first.bodies or again.why != first.why):
            found.error(
                "state",
                "Converted again after another file, this file gives "
                + (f"an error: {again.why}." if again.error else "other reports."),
                file=case.file,
                next_step="Keep nothing between two files: make what a file needs in convert().",
            )


def check_options(converter: Converter, found: Findings) -> None:
    """Options have defaults, and unknown ones are refused."""
    kind: type[ConverterOptions] = (
        converter.options_type if isinstance(converter, HasOptions) else ConverterOptions
    )
    try:
        kind()
    except Exception as error:  # noqa: BLE001 - a missing default, or a check of the author's own
        found.note(
            "options",
            f"The options cannot be left out: {words(error)}.",
            next_step="Give each option a default, where one makes sense.",
        )
    try:
        msgspec.convert({"no_such_option": 1}, kind)
    except (msgspec.ValidationError, TypeError):
        return
    found.warning(
        "options",
        "An unknown option is not refused: a typing error in the settings would go unnoticed.",
        next_step="Leave forbid_unknown_fields as ConverterOptions has it.",
    )


def _equal(found: Findings, case: Case, again: Outcome) -> None:
    first = case.outcome
    if again.bodies != first.bodies:
        found.error(
            "not-repeatable",
            "Converted twice, the file gives other reports.",
            file=case.file,
            next_step="Take no clock, no random number and no order of a set into a report.",
        )
    elif [one.record for one in again.reports] != [one.record for one in first.reports]:
        found.error(
            "not-repeatable",
            "Converted twice, report.record differs: each conversion would be sent as new reports.",
            file=case.file,
            next_step="Take the record from the file's bytes and nothing else.",
        )


def _touched(found: Findings, case: Case, watch: Watch) -> None:
    for path in sorted(watch.written):
        found.error(
            "writes",
            f"The converter writes to {path}.",
            file=case.file,
            next_step="A converter reads its source and yields reports; attach what belongs to them.",
        )
    for path in sorted(watch.read):
        found.error(
            "reads-elsewhere",
            f"The converter reads {path}, which is not its source.",
            file=case.file,
            next_step="Put what it needs into options: that file may be missing or another one tomorrow.",
        )
    for done in sorted(watch.done):
        found.error("system", f"The converter {done}.", file=case.file, next_step="Leave the system alone.")


def _modules(converter: Converter) -> list[ModuleType]:
    """The converter's own module and those beside it."""
    home = sys.modules.get(type(converter).__module__)
    file = getattr(home, "__file__", None)
    if home is None or file is None:
        return [home] if home is not None else []
    folder = Path(file).parent
    near = [
        module
        for module in list(sys.modules.values())
        if (place := getattr(module, "__file__", None)) and Path(place).parent == folder
    ]
    return near if home in near else [home, *near]


def _values(names: Any) -> dict[str, Any]:
    """Copies of the plain values; what cannot be copied is left out."""
    kept: dict[str, Any] = {}
    for name, value in list(names.items()):
        if name.startswith("__") or not isinstance(value, _PLAIN) or inspect.ismodule(value):
            continue
        try:
            kept[name] = copy.deepcopy(value)
        except Exception:  # noqa: BLE001, S112 - a value that does not like to be copied says nothing
            continue
    return kept


def _changed(found: Findings, who: str, before: dict[str, Any], names: Any) -> None:
    now = _values(names)
    for name in sorted(now.keys() | before.keys()):
        if name in now and name in before and _same(now[name], before[name]):
            continue
        found.warning(
            "global-state",
            f"{who} changes {name} while it converts.",
            next_step="Make it in convert(), or leave it as it is: the next file finds it changed.",
        )


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _world() -> dict[str, Any]:
    return {
        "the working folder": os.getcwd(),  # noqa: PTH109 - a text to compare
        "the environment": dict(os.environ),
        "the locale": locale.setlocale(locale.LC_ALL),
        "sys.path": list(sys.path),
        "the recursion limit": sys.getrecursionlimit(),
    }


def _world_changed(found: Findings, case: Case, before: dict[str, Any], after: dict[str, Any]) -> None:
    for what, value in before.items():
        if after[what] != value:
            found.error(
                "global-state",
                f"The converter changes {what} of the process.",
                file=case.file,
                next_step="Other converters run in the same process after it.",
            )
