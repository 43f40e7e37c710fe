"""The exceptions of Stationmaster, drawn by what happens next.

::

    StationmasterError            what the user sees: title, text, next step
    ├── TransientError            try again later, for ever, with backoff
    ├── NeedsUserError            hold and show a Problem; no attempt is burnt
    │   └── NeedsLoginError       the server refused the token (401, 403, 407)
    ├── RejectedError             this report goes to the error list; the queue moves on
    ├── ConversionError           this source file goes to the error list
    │   └── ValidationError       ... because its report breaks the report format's rules
    ├── SourceBusyError           the file is locked, or changed while it was read: look again later
    ├── ConfigError               a setting is wrong; names file, key, value
    │   └── ConfigChangedError    ... the settings are not those any more that an edit was made for
    ├── SpoolError                the durable store cannot take work now (full disk, I/O error), or this
    │                             one write never (`refused`): then its file goes to the error list
    ├── NoAgentError              no agent answers on the control channel
    └── ControlError              the agent refused a request on the control channel

Anything else is a bug: the instance is restarted a bounded number of times, the traceback is logged.
Foreign errors (aiohttp, sqlite3, OSError) are mapped to these once, at the boundary that met them.
"""

from __future__ import annotations

from stationmaster.sentence import joined


class StationmasterError(Exception):
    """Base of all expected errors.

    Attributes:
        text: what happened, in one sentence that names file, place and cause.
        next_step: what the reader can do about it; may be empty.
    """

    def __init__(self, text: str, *, next_step: str = "") -> None:
        """Keep the sentence and the next step."""
        super().__init__(text)
        self.text = text
        self.next_step = next_step

    def __str__(self) -> str:
        return joined(self.text, self.next_step) if self.next_step else self.text


class TransientError(StationmasterError):
    """Trouble that passes: network, server busy. Retried for ever, with backoff.

    Attributes:
        retry_after: seconds the server asked us to wait, or None.
        overload: True when the server asked for less (429, 503): the limiter brakes.
        alone: True when the trouble may lie in this report (5xx on it alone): the uploader parks it.
        code: the Problem code this shows as, see `stationmaster.model.ProblemCode`; "" for none.
        hop: which part of the way to the server failed, see `stationmaster.model.Hop`; "" for the server.
    """

    def __init__(
        self,
        text: str,
        *,
        next_step: str = "",
        retry_after: float | None = None,
        overload: bool = False,
        alone: bool = False,
        code: str = "",
        hop: str = "",
    ) -> None:
        """Keep what the server asked for."""
        super().__init__(text, next_step=next_step)
        self.retry_after = retry_after
        self.overload = overload
        self.alone = alone
        self.code = code
        self.hop = hop


class NeedsUserError(StationmasterError):
    """Trouble that waits for a person. The link or folder is held, a Problem is shown.

    Attributes:
        code: the stable Problem code, see `stationmaster.model.ProblemCode`.
        hop: as `TransientError.hop`.
    """

    def __init__(self, text: str, *, code: str, next_step: str = "", hop: str = "") -> None:
        """Keep the Problem code."""
        super().__init__(text, next_step=next_step)
        self.code = code
        self.hop = hop


class NeedsLoginError(NeedsUserError):
    """The server does not accept our token."""


class RejectedError(StationmasterError):
    """The server refused this report for good; it goes to the error list with this reason."""


class ConversionError(StationmasterError):
    """A source file cannot become a report.

    Attributes:
        place: where in the file: "line 12", "phases[3].measurements", may be empty.
    """

    def __init__(self, text: str, *, place: str = "", next_step: str = "") -> None:
        """Keep the place."""
        super().__init__(f"{place}: {text}" if place else text, next_step=next_step)
        self.place = place


class ValidationError(ConversionError):
    """A report breaks the rules of the report format; `issues` lists each with its place."""

    def __init__(self, text: str, *, issues: tuple[str, ...] = (), next_step: str = "") -> None:
        """Keep all issues."""
        super().__init__(text, next_step=next_step)
        self.issues = issues


class SourceBusyError(StationmasterError):
    """The file is locked, or it changed while it was read. It is looked at again later."""


class ConfigError(StationmasterError):
    """A setting is wrong. The text names the file, the key and the value.

    Attributes:
        key: dotted key of the setting, "" where it is about none.
    """

    def __init__(self, text: str, *, next_step: str = "", key: str = "") -> None:
        """Keep which setting it is."""
        super().__init__(text, next_step=next_step)
        self.key = key


class ConfigChangedError(ConfigError):
    """An edit was made for settings that were changed meanwhile; nothing is written."""


class SpoolError(StationmasterError):
    """The spool cannot take or change work now: disk full, I/O error, damaged database.

    Attributes:
        refused: True when it is this write alone that it cannot take, now or later; all others go on.
        disk_full: True when the disk (or quota) is full; work goes on once there is space.
        damaged: True when the database is damaged; the next start salvages it.
    """

    def __init__(
        self,
        text: str,
        *,
        next_step: str = "",
        disk_full: bool = False,
        damaged: bool = False,
        refused: bool = False,
    ) -> None:
        """Keep what kind of trouble it is."""
        super().__init__(text, next_step=next_step)
        self.disk_full = disk_full
        self.damaged = damaged
        self.refused = refused


class NoAgentError(StationmasterError):
    """No agent answers on the control channel."""


class ControlError(StationmasterError):
    """The agent refused a request.

    Attributes:
        status: the HTTP status of the answer.
        code: a stable word for programs: "not-found", "conflict", "usage", ...
    """

    def __init__(self, text: str, *, status: int, code: str, next_step: str = "") -> None:
        """Keep the status and the code."""
        super().__init__(text, next_step=next_step)
        self.status = status
        self.code = code
