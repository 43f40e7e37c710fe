"""How a child process can disappoint.

::

    ChildError               carries the last bit of the child's output
    ├── ChildTimeoutError    it did not answer in time; it was killed
    ├── ChildCrashedError    it ended without an answer
    │   └── ChildMemoryError it wanted more memory than it may have; it was killed
    ├── ChildFloodError      it printed more than it may; it was killed
    └── ChildHandlerError    its handler raised; the child itself is well
"""

from __future__ import annotations

import signal

from stationmaster.errors import StationmasterError


class ChildError(StationmasterError):
    """A request to a child process failed.

    Attributes:
        output: the last bit of what the child printed, "" when it printed nothing.
    """

    def __init__(self, text: str, *, output: str = "") -> None:
        """Keep the output."""
        super().__init__(text)
        self.output = output


class ChildTimeoutError(ChildError):
    """The child did not answer in time and was killed."""


class ChildFloodError(ChildError):
    """The child printed more than it may and was killed."""


class ChildCrashedError(ChildError):
    """The child ended without an answer.

    Attributes:
        exit_code: what it returned, None when a signal ended it or nobody knows.
        signal: number of the signal that ended it, None otherwise.
    """

    def __init__(self, code: int | None, *, output: str = "", text: str = "") -> None:
        """Take the code as `subprocess` gives it: negative for a signal."""
        self.exit_code = code if code is not None and code >= 0 else None
        self.signal = -code if code is not None and code < 0 else None
        super().__init__(text or f"the process ended: {self.ending}", output=output)

    @property
    def ending(self) -> str:
        """How it ended, in words: "exit code 3", "signal 11 (Segmentation fault)"."""
        if self.signal is not None:
            return f"signal {self.signal} ({signal.strsignal(self.signal) or 'unknown'})"
        return f"exit code {self.exit_code}" if self.exit_code is not None else "it cannot be reached"


class ChildMemoryError(ChildCrashedError):
    """The child wanted more memory than it may have and was killed."""


class ChildHandlerError(ChildError):
    """The handler in the child raised; the child answers further requests.

    Attributes:
        kind: name of the exception's class.
        errno: of an OSError, else None.
        trace: the traceback as text.
    """

    def __init__(self, text: str, *, kind: str, errno: int | None, trace: str, output: str = "") -> None:
        """Keep what is known of the exception."""
        super().__init__(f"{kind}: {text}" if text else kind, output=output)
        self.kind = kind
        self.errno = errno
        self.trace = trace
