"""A registered client of a WATS server: how a station becomes one, says how it is, and takes its leave.

A client has an id and a passcode, which make a token of the same form as one of the Control Panel.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Protocol

import msgspec

from stationmaster.errors import NeedsLoginError, NeedsUserError, RejectedError, TransientError
from stationmaster.model import Hop, ProblemCode
from stationmaster.secrecy import halves
from stationmaster.wats.answer import Answer, read_done, reason

_REGISTER = "/api/Client/Register"
_UPDATE = "/api/Client/Update"
_DISCONNECT = "/api/internal/Auth/Disconnect"

KIND = "python"
"""The type of client that the server is told; an id of another type is refused."""

_LONGEST = 512
"""Letters of the longest passcode; with its id it must fit into a token."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Who a station is to the server.

    Attributes:
        id: unique on the server, without a colon.
        name: as the server's list shows it.
    """

    id: str
    name: str
    location: str = ""
    purpose: str = ""


class Asks(Protocol):
    """What is needed of a session with the server."""

    async def ask(
        self, method: str, route: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Any request; the caller reads the answer."""
        ...


class Disk(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A local disk, sizes in bytes."""

    name: str
    drive_type: str = "Fixed"
    system_drive: bool = False
    volume_label: str = ""
    drive_format: str = ""
    total_size: int = 0
    available_free_space: int = 0
    total_free_space: int = 0


class Computer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The computer of a station; memory in bytes."""

    os_version: str = ""
    python_version: str = ""
    os_architecture: str = ""
    computer_name: str = ""
    domain: str = ""
    total_physical_memory: int = 0
    disks: tuple[Disk, ...] = ()


class ConverterState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A converter at one watch folder.

    Attributes:
        state: "Running", or "Disabled" where it takes nothing.
        total: files it dealt with since the start; `error` of them could not be converted.
        kind: where its class is.
    """

    name: str
    state: str
    version: str
    total: int
    error: int
    kind: str = msgspec.field(name="class")
    filter: str
    path: str
    post_process_action: str


class ClientState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of an update.

    Attributes:
        version: numbers with dots.
        status: "Online" or "Offline".
        pending_total: reports that are not delivered yet.
    """

    name: str
    location: str
    purpose: str
    version: str
    status: str
    pending_total: int
    computer: Computer
    converters: tuple[ConverterState, ...]


def token_of(client_id: str, passcode: str) -> str:
    """The token of a registered client."""
    return base64.b64encode(f"{client_id}:{passcode}".encode()).decode()


def belongs_to(token: str, client_id: str) -> bool:
    """Whether this is the token of that client, and not one of the Control Panel."""
    return bool(client_id) and halves(token)[0] == client_id


async def register(session: Asks, client: Client, *, now: datetime) -> str:
    """Register a client, or the same one again; returns its passcode. The session has the register token.

    Raises:
        NeedsUserError: the server does not take the token, or registers nobody.
        RejectedError: the id is taken.
        TransientError: try again.
    """
    query = {
        "id": client.id,
        "type": KIND,
        "name": client.name,
        "location": client.location,
        "purpose": client.purpose,
    }
    return read_passcode(await session.ask("POST", _REGISTER, query=query), client.id, now=now)


async def update(session: Asks, state: ClientState, *, now: datetime) -> None:
    """Tell the server how the client is; raises as `WatsClient.version` does."""
    read_done(await session.ask("PUT", _UPDATE, body=msgspec.json.encode(state)), now=now)


async def disconnect(session: Asks, client_id: str, *, now: datetime) -> None:
    """Tell the server that the client goes; raises as `WatsClient.version` does."""
    read_done(await session.ask("GET", _DISCONNECT, query={"id": client_id}), now=now)


def read_passcode(answer: Answer, client_id: str, *, now: datetime) -> str:
    """The passcode out of the answer to a registration; raises as `register` does."""
    if answer.status == 409:
        raise RejectedError(
            f'The client id "{client_id}" belongs to another type of client on this server (409): '
            f"{reason(answer)}.",
            next_step="Register under another id, with --client-id, or remove that client in WATS.",
        )
    if answer.status in {401, 403}:
        refused = answer.status == 401
        raise NeedsLoginError(
            f"The server does not accept the register token (401): {reason(answer)}."
            if refused
            else f"The server does not let this token register clients (403): {reason(answer)}.",
            code=ProblemCode.LOGIN_REFUSED if refused else ProblemCode.PERMISSION_REFUSED,
            next_step="Make a register-client token in the WATS Control Panel and use that one.",
            hop=Hop.LOGIN if refused else Hop.PERMISSION,
        )
    if answer.status in {404, 405}:
        raise NeedsUserError(
            f"This server does not register clients ({answer.status}).",
            code=ProblemCode.ROUTE_MISSING,
            next_step="Use an API token of the WATS Control Panel: instance edit NAME --token-stdin",
        )
    read_done(answer, now=now)
    passcode = _passcode(answer.body) if answer.complete else ""
    if not passcode:
        raise TransientError(
            "The server answered the registration with something that is no passcode.",
            next_step="Check the server address and whether a proxy or a log-in page stands between.",
            code=ProblemCode.SERVER_ANSWER_FOREIGN,
        )
    return passcode


def _passcode(body: bytes) -> str:
    """The passcode, with JSON's quotes or without; "" where it is none."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith('"'):
        try:
            text = msgspec.json.decode(body.strip(), type=str).strip()
        except ValueError:
            return ""
    # A page, an object, or words: whatever it is, a passcode is one word.
    one_word = len(text) <= _LONGEST and all("!" <= letter <= "~" for letter in text)
    return "" if not one_word or text[:1] in {"", "<", "{", "["} or text in {"null", "true"} else text
