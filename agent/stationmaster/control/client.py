"""The one client of the agent, for the CLI, the tray and test programs alike."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from stationmaster.activity import Activity
from stationmaster.control import protocol
from stationmaster.control.canary_client import CanaryCalls
from stationmaster.control.transport import NO_AGENT_STEP, connector
from stationmaster.control.trial_client import instance_path as _instance
from stationmaster.errors import ControlError, NoAgentError
from stationmaster.file_name import shown
from stationmaster.model import PROTOCOL_VERSION, AgentStatus, Check, Entry, Event
from stationmaster.sentence import closed

T = TypeVar("T")
_LONG = 600.0
"""Seconds for a call that may stop and begin many instances, and ask the keyring for each."""
_BUNDLE = 150.0
"""Seconds for a diagnostics bundle, with the doctor's findings."""
_LARGE = 1024 * 1024
"""Bytes of an answer that are decoded in a thread, and of a file that is sent piece by piece."""
_NO_LIMIT = aiohttp.ClientTimeout(total=None)


class ControlClient(CanaryCalls):
    """Typed calls to a running agent.

    One client may be used from many tasks. Every call raises `NoAgentError` when nobody answers and
    `ControlError` when the agent refuses.
    """

    def __init__(self, address: str, *, timeout: float = 30.0) -> None:
        """Remember the address; the connection is made on entry.

        Args:
            address: `Home.socket`: a Unix socket's path or a pipe's name.
            timeout: seconds for one call.
        """
        self.address = address
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._streams: set[aiohttp.StreamReader] = set()
        """Those that somebody reads now."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            base_url="http://agent",
            connector=connector(self.address),
            timeout=self._timeout,
            headers={protocol.VERSION_HEADER: str(PROTOCOL_VERSION)},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; idempotent."""
        session, self._session = self._session, None
        for stream in self._streams:  # who waits for more of it would not be told that it is closed
            stream.set_exception(aiohttp.ClientConnectionError("The control client is closed."))
        if session is not None:
            await session.close()

    # ---------------------------------------------------------------- status
    async def status(self) -> AgentStatus:
        """The snapshot now."""
        return await self._call("GET", "/v1/status", AgentStatus)

    async def watch(self) -> AsyncIterator[AgentStatus]:
        """Snapshots as they change: the first is the whole state now; ends when the agent goes."""
        try:
            async with asyncio.timeout(self._timeout.total):
                response = await self._open.get("/v1/events", timeout=_NO_LIMIT)
            async with response:
                await _refusal(response)
                async for line in self._lines(response.content):
                    yield _decode(line, AgentStatus)
        except TimeoutError as error:
            raise self._late("GET", "/v1/events") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NoAgentError("The agent went away.", next_step=NO_AGENT_STEP) from error

    async def shutdown(self) -> None:
        """Ask the agent to stop in order."""
        await self._send("POST", "/v1/shutdown")

    async def configure_agent(self, patch: Mapping[str, Any], *, base: str = "") -> None:
        """Change settings of the agent itself, as `configure` does."""
        await self._send("PATCH", "/v1/agent", body=protocol.PatchRequest(patch=dict(patch), base=base))

    async def provision(self, request: protocol.ProvisionRequest) -> protocol.Provisioned:
        """Bring the settings of the agent and its instances in line with a provisioning file."""
        return await self._call("POST", "/v1/provision", protocol.Provisioned, body=request, seconds=_LONG)

    # ---------------------------------------------------------------- instances
    async def add_instance(self, request: protocol.AddRequest) -> None:
        """Make a new instance and start it."""
        await self._send("POST", "/v1/instances", body=request)

    async def remove_instance(self, name: str) -> str:
        """Stop an instance and remove its settings; its spool stays. Returns what else was left behind."""
        return (await self._call("DELETE", _instance(name), protocol.Removed)).note

    async def config(self, name: str) -> protocol.InstanceConfigView:
        """Settings of an instance."""
        return await self._call("GET", _instance(name), protocol.InstanceConfigView)

    async def configure(self, name: str, patch: Mapping[str, Any], *, base: str = "") -> None:
        """Change settings by dotted key; None removes one.

        Args:
            name: the instance.
            patch: the change.
            base: `revision` of the settings that it was made for: with others it is refused. "" for any.
        """
        await self._send("PATCH", _instance(name), body=protocol.PatchRequest(patch=dict(patch), base=base))

    async def set_token(self, name: str, token: str) -> None:
        """Store a token in the agent's secret store."""
        await self._send("PUT", _instance(name, "token"), body=protocol.TokenRequest(token=token))

    async def register(self, name: str, token: str, *, client_id: str = "", replace: bool = False) -> str:
        """Register an instance with its server by a register-client token; returns its client id."""
        body = protocol.RegisterRequest(token=token, client_id=client_id, replace=replace)
        path = _instance(name, "register")
        return (await self._call("POST", path, protocol.Registered, body=body, seconds=_LONG)).client_id

    async def pause(self, name: str, until: datetime | None) -> None:
        """Pause uploads; None: until `resume`."""
        await self._send("POST", _instance(name, "pause"), body=protocol.PauseRequest(until=until))

    async def resume(self, name: str) -> None:
        """Resume uploads, and start an instance that was drained."""
        await self._send("POST", _instance(name, "resume"))

    async def drain(self, name: str) -> None:
        """Stop taking files, deliver what waits, then stay stopped. Returns at once."""
        await self._send("POST", _instance(name, "drain"))

    async def send_now(self, name: str) -> None:
        """Try everything that waits for its next attempt now, and look at the folders."""
        await self._send("POST", _instance(name, "send"))

    async def processes(self, name: str, *, refresh: bool = False) -> protocol.ServerProcesses:
        """The server's processes; with `refresh` it is asked for them now."""
        params = {"refresh": "1"} if refresh else None
        path = _instance(name, "processes")
        return await self._call("GET", path, protocol.ServerProcesses, params=params, seconds=60.0)

    async def fetch_now(self, name: str, source: str) -> None:
        """Fetch a scheduled source at once. Returns when the run is ordered, not when it is through."""
        await self._send("POST", _instance(name, f"fetch/{quote(source, safe='')}/run"))

    # ---------------------------------------------------------------- entries
    async def entries(
        self,
        name: str,
        *,
        state: str | None = None,
        text: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> tuple[Entry, ...]:
        """Entries, newest first; `text` matches serial number, part number, reason and file."""
        query = {"state": state, "text": text, "limit": limit, "before": before}
        params = {key: str(value) for key, value in query.items() if value is not None}
        answer = await self._call("GET", _instance(name, "entries"), protocol.Entries, params=params)
        return answer.entries

    async def activity(self, name: str, *, hours: float = 8.0, buckets: int = 48) -> Activity:
        """What went in and out in the last hours, in buckets of equal length; for a chart."""
        params = {"hours": str(hours), "buckets": str(buckets)}
        return await self._call("GET", _instance(name, "activity"), Activity, params=params, seconds=60.0)

    async def find(self, serial_number: str) -> tuple[Entry, ...]:
        """Everything known of a serial number, in all instances."""
        answer = await self._call("GET", "/v1/find", protocol.Entries, params={"serial": serial_number})
        return answer.entries

    async def entry(self, name: str, number: int) -> Entry:
        """One entry."""
        return await self._call("GET", _instance(name, f"entries/{number}"), Entry)

    async def history(self, name: str, number: int) -> tuple[Event, ...]:
        """What happened to an entry, oldest first."""
        path = _instance(name, f"entries/{number}/history")
        return (await self._call("GET", path, protocol.History)).events

    async def payload(self, name: str, number: int) -> bytes:
        """The report of an entry, as it was or will be sent."""
        return await self._send("GET", _instance(name, f"entries/{number}/payload"))

    async def retry(self, name: str, ids: tuple[int, ...] = (), *, everything: bool = False) -> int:
        """Put entries of the error list back into the queue; returns how many."""
        body = protocol.SelectRequest(ids=ids, all=everything)
        path = _instance(name, "entries/retry")
        return (await self._call("POST", path, protocol.Changed, body=body)).count

    async def dismiss(
        self, name: str, ids: tuple[int, ...] = (), *, by: str, everything: bool = False
    ) -> int:
        """Take entries off the error list, on record; returns how many."""
        body = protocol.SelectRequest(ids=ids, all=everything, by=by)
        path = _instance(name, "entries/dismiss")
        return (await self._call("POST", path, protocol.Changed, body=body)).count

    # ---------------------------------------------------------------- the doctor
    def doctor(self, request: protocol.DoctorRequest | None = None) -> AsyncGenerator[Check]:
        """Checks as they are made, the agent's first, then instance by instance."""
        return self._checks("/v1/doctor", request or protocol.DoctorRequest())

    def test_connection(self, request: protocol.TestConnectionRequest) -> AsyncGenerator[Check]:
        """Try the way to a server, with settings that are not saved yet: hop by hop, as they are passed.

        Who closes the generator stops the test.
        """
        return self._checks("/v1/test-connection", request)

    async def _checks(self, path: str, request: msgspec.Struct) -> AsyncGenerator[Check]:
        body = msgspec.json.encode(request)
        try:
            async with self._open.post(path, data=body, timeout=_NO_LIMIT) as response:
                await _refusal(response)
                async for line in self._lines(response.content):
                    check = _decode(line, protocol.CheckLine).check
                    if check is None:
                        return
                    yield check
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NoAgentError("The agent went away.", next_step=NO_AGENT_STEP) from error
        raise NoAgentError("The agent went away.", next_step=NO_AGENT_STEP)

    # ---------------------------------------------------------------- submit
    async def submit(
        self,
        name: str,
        content: bytes,
        *,
        filename: str,
        converter: str = "",
        mtime_ns: int | None = None,
    ) -> protocol.Submitted:
        """Hand over a report (WSJF) or a raw file; it is on disk when this returns.

        Args:
            name: the instance; "" where there is only one.
            content: the file's bytes.
            filename: its name, as converters and people see it.
            converter: which converter reads it; "" for a WSJF report.
            mtime_ns: when a raw file was written, in ns since 1970; None: now.
        """
        params = {"instance": name, "filename": shown(filename), "converter": converter}
        if mtime_ns is not None:
            params["mtime_ns"] = str(mtime_ns)
        return await self._call("POST", "/v1/submit", protocol.Submitted, params=params, raw=content)

    async def import_report(
        self, name: str, content: bytes, *, filename: str, reason: str = ""
    ) -> protocol.Imported:
        """Hand over a report (WSJF) of another queue; it is on disk when this returns.

        Args:
            reason: why it was in error there: it goes to the error list, for a person to decide.
        """
        params = {"filename": shown(filename), "reason": shown(reason)}
        return await self._call(
            "POST", _instance(name, "import"), protocol.Imported, params=params, raw=content
        )

    # ---------------------------------------------------------------- support
    async def log(
        self,
        *,
        after: str = "",
        limit: int = 200,
        level: str = "",
        instance: str = "",
        entry: int | None = None,
        text: str = "",
    ) -> protocol.LogPage:
        """Records of the agent's log, oldest first: the last ones, or those `after` an earlier answer."""
        query = {"after": after, "limit": limit, "level": level, "instance": instance, "text": text}
        query |= {} if entry is None else {"entry": entry}
        params = {key: str(value) for key, value in query.items() if value != ""}
        return await self._call("GET", "/v1/log", protocol.LogPage, params=params)

    async def diagnostics(self, *, payloads: bool = False) -> bytes:
        """A diagnostics bundle: a zip without secrets and names. It may take a minute."""
        body = protocol.DiagnosticsRequest(payloads=payloads)
        return await self._send("POST", "/v1/diagnostics", body=body, seconds=_BUNDLE)

    async def diagnostics_with_names(self, *, payloads: bool = False) -> protocol.Diagnostics:
        """The same, with what each of its pseudonyms stands for: for this computer only."""
        body = protocol.DiagnosticsRequest(payloads=payloads, names=True)
        answer = await self._send("POST", "/v1/diagnostics", body=body, seconds=_BUNDLE)
        return _decode(answer, protocol.Diagnostics)

    # ---------------------------------------------------------------- plumbing
    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NoAgentError("The control client is closed.")
        return self._session

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: msgspec.Struct | None = None,
        raw: bytes | None = None,
        params: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> T:
        sent = await self._send(method, path, body=body, raw=raw, params=params, seconds=seconds)
        if len(sent) > _LARGE:  # a window must be able to draw between receiving and decoding it
            return await asyncio.to_thread(_decode, sent, answer)
        return _decode(sent, answer)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        raw: bytes | None = None,
        params: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> bytes:
        """`seconds`: what the agent itself needs, on top of the limit of one call."""
        limit = aiohttp.ClientTimeout(total=(self._timeout.total or 0.0) + seconds)
        data: bytes | io.BytesIO | None = msgspec.json.encode(body) if body is not None else raw
        if raw is not None and len(raw) > _LARGE:
            data = io.BytesIO(raw)  # goes out piece by piece, so that a window can draw between two
        try:
            async with self._open.request(method, path, data=data, params=params, timeout=limit) as response:
                await _refusal(response)
                return await response.read()
        except TimeoutError as error:  # before ClientError: aiohttp's own timeouts are both
            raise self._late(method, path) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NoAgentError(f"No agent answers at {self.address}.", next_step=NO_AGENT_STEP) from error

    async def _lines(self, content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
        """Whole lines, of any length: the reader's own iterator refuses lines beyond its buffer."""
        rest = b""
        if self._session is None:  # closed after the answer came, before anybody read it
            raise aiohttp.ClientConnectionError("The control client is closed.")
        self._streams.add(content)
        try:
            async for chunk in content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line:
                        yield line
        finally:
            self._streams.discard(content)

    def _late(self, method: str, path: str) -> ControlError:
        return ControlError(
            f"The agent did not answer {method} {path} in {self._timeout.total:g} s.",
            status=504,
            code=protocol.TIMEOUT,
            next_step="Look at `stationmaster log tail`; the agent may be very busy.",
        )


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise ControlError(
            closed(f"The agent's answer cannot be read: {error}"), status=502, code=protocol.PROTOCOL
        ) from error


async def _refusal(response: aiohttp.ClientResponse) -> None:
    refusal = protocol.version_refusal(response.headers.get(protocol.VERSION_HEADER))
    if refusal:
        raise ControlError(refusal, status=response.status, code=protocol.PROTOCOL)
    if response.status < 400:
        return
    try:
        async with asyncio.timeout(5):
            body = msgspec.json.decode(await response.read(), type=protocol.ErrorBody)
    except (msgspec.DecodeError, TimeoutError):
        body = protocol.ErrorBody(code="unknown", text=f"The agent answered {response.status}.")
    raise ControlError(body.text, status=response.status, code=body.code, next_step=body.next_step)
