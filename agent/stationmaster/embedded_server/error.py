"""What the embedded server answers when it cannot do as asked."""

from __future__ import annotations

from stationmaster.errors import StationmasterError


class EmbeddedServerError(StationmasterError):
    """The server cannot start or cannot reach its database; the text names the place and the cause."""


class PortError(EmbeddedServerError):
    """Nothing can listen at that port: another program has it."""


class RequestError(EmbeddedServerError):
    """This request cannot be answered; the text goes to the client.

    Attributes:
        status: the HTTP status to answer with.
        plain: True when the answer is plain text, as the WATS server answers a refused report.
    """

    def __init__(self, text: str, *, status: int = 400, plain: bool = False) -> None:
        """Keep the status and the form."""
        super().__init__(text)
        self.status = status
        self.plain = plain


class QueryError(RequestError):
    """A query option cannot be understood.

    Attributes:
        position: character where the trouble stands, counted from 1; 0 when it is the whole option.
    """

    def __init__(self, option: str, text: str, *, position: int = 0) -> None:
        """Name the option and the place in front of the text."""
        place = f"{option}, character {position}" if position else option
        super().__init__(f"{place}: {text}")
        self.position = position
