"""Further words of the control channel: converters, a file on trial, settings that are not saved yet."""

from __future__ import annotations

from typing import Any

import msgspec


# -------------------------------------------------------------------- converters
class ConverterOption(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a converter.

    Attributes:
        kind: `text`, `whole number`, `number`, `bool`, `choice`, `list`, `table`, or `other`.
        choices: of a `choice`.
        required: it has no default.
        default: its value where the settings say nothing.
        doc: what it means, "" where its converter does not tell.
    """

    name: str
    kind: str
    choices: tuple[Any, ...] = ()
    required: bool = False
    default: Any = None
    doc: str = ""


class ConverterView(msgspec.Struct, frozen=True, kw_only=True):
    """A converter that an instance knows.

    Attributes:
        kinds: what it takes: `file`, `folder`, `fetching`.
        origin: `built-in`, `entry point` or `file`.
        place: its file, or `module:Class`.
        detects: it can tell whether a file is its own.
        folders: the watch folders that use it.
        sources: the scheduled sources that use it.
        summary: what it reads, in one line.
    """

    name: str
    version: str
    kinds: tuple[str, ...]
    origin: str
    place: str
    detects: bool = False
    folders: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    summary: str = ""
    options: tuple[ConverterOption, ...] = ()


class ConverterFault(msgspec.Struct, frozen=True, kw_only=True):
    """A converter that cannot be loaded.

    Attributes:
        subject: its file, or its name.
        text: why, in one sentence.
        detail: traceback or last output.
    """

    subject: str
    text: str
    next_step: str = ""
    detail: str = ""


class Converters(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/instances/{name}/converters`."""

    converters: tuple[ConverterView, ...]
    faults: tuple[ConverterFault, ...] = ()


# -------------------------------------------------------------------- a file on trial
class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What a converter said of a file, from 0 to 100."""

    converter: str
    confidence: int


class TrialIssue(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that a report breaks.

    Attributes:
        place: where in the report: `steps[3].comp`.
        severity: `error`: the file would not be taken; or `warning`.
    """

    place: str
    text: str
    severity: str


class TrialReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report that the file would become.

    Attributes:
        report: WSJF, as it would be sent; `msgspec.json.decode(one.report)` makes values of it.
        warnings: what its converter had to guess or leave out.
    """

    report_id: str
    serial_number: str
    part_number: str
    result: str
    start: str
    report: msgspec.Raw
    warnings: tuple[str, ...] = ()
    issues: tuple[TrialIssue, ...] = ()


class TrialError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file becomes no report.

    Attributes:
        place: where in the file, "" where that is not known.
        detail: traceback and last output of the converter.
    """

    text: str
    place: str = ""
    next_step: str = ""
    detail: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `POST /v1/instances/{name}/try`: what would become of a file. Nothing was stored.

    Attributes:
        ok: the file would be taken: no error, and no report breaks a rule.
        candidates: the most confident first; empty where one converter alone was asked.
        converter: the one that takes the file, "" for none.
        count: reports in the file; `reports` has the first of them.
        seconds: how long it took.
    """

    ok: bool
    candidates: tuple[Candidate, ...] = ()
    converter: str = ""
    version: str = ""
    count: int = 0
    reports: tuple[TrialReport, ...] = ()
    error: TrialError | None = None
    seconds: float = 0.0


# -------------------------------------------------------------------- settings
class SettingForm(msgspec.Struct, frozen=True, kw_only=True):
    """A setting, as a form needs it.

    Attributes:
        key: dotted; `N` stands for the number of a list's item: `watch.N.settle`.
        kind: `text`, `whole number`, `number`, `duration`, `bool`, `choice`, `list`, `time` or `table`.
        unit: `s`, `MB` or `days`, "" for none.
        choices: of a `choice`.
        required: it has no default.
        allowed: what it may hold, to follow "must be".
        least, most: bounds of a number.
        length: most letters of a text.
        restart: an instance that runs begins anew with another value; nothing is lost by that.
        fixed: the program writes it, a person does not.
        secret: it may hold a password and is answered with `***` in its place: send it only when it was
            written anew.
    """

    key: str
    kind: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    allowed: str = ""
    least: float | None = None
    most: float | None = None
    length: int | None = None
    doc: str = ""
    examples: tuple[Any, ...] = ()
    restart: bool = False
    fixed: bool = False
    secret: bool = False


class SettingSection(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that stand together.

    Attributes:
        key: `upload`; "" for those outside of any table; `watch.N` where it is a list of tables.
        repeated: it is a list of tables: there may be none, or many.
    """

    key: str
    doc: str = ""
    repeated: bool = False
    settings: tuple[SettingForm, ...] = ()


class SettingsSchema(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `GET /v1/settings/schema`: `kind` is `instance` or `agent`."""

    kind: str
    sections: tuple[SettingSection, ...]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one setting: `key` as in the settings file, "" where it is about none."""

    key: str
    text: str
    next_step: str = ""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of `.../check`: empty where the patch would be taken."""

    faults: tuple[Fault, ...]
