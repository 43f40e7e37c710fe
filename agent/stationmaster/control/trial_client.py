"""The client's calls that look and change nothing: converters, a file on trial, settings not saved yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from stationmaster.control import trial_protocol as protocol
from stationmaster.control.protocol import AddRequest, InstanceConfigView, PatchRequest
from stationmaster.file_name import shown

T = TypeVar("T")
_IMPORTS = 120.0
"""Seconds for imports: each converter of an instance may take some until it is given up."""
_TRIAL = 600.0
"""Seconds for a trial: it may wait for another one, and a converter may take what its settings grant it."""


class TrialCalls(ABC):
    """Part of `ControlClient`, which has the connection."""

    async def converters(self, name: str) -> protocol.Converters:
        """The converters that an instance knows, and those that cannot be loaded. May take a second.

        Args:
            name: the instance; "" for one that is not there yet.
        """
        path = _trial_path(name, "converters")
        return await self._call("GET", path, protocol.Converters, seconds=_IMPORTS)

    async def try_file(
        self,
        name: str,
        content: bytes,
        *,
        filename: str,
        converter: str = "",
        options: Mapping[str, Any] | None = None,
    ) -> protocol.Trial:
        """What would become of a file; nothing is stored. What is wrong with it is in the answer.

        Args:
            name: the instance, whose converters, options and limits count; "" for one that is not there yet.
            content: the file's bytes.
            filename: its name, as converters see it.
            converter: which converter reads it; "" for the one that a watch folder would give it to.
            options: of `converter`, before those of the settings.
        """
        params = {"filename": shown(filename), "converter": converter}
        if options:
            params["options"] = msgspec.json.encode(options).decode()
        return await self._call(
            "POST", _trial_path(name, "try"), protocol.Trial, params=params, raw=content, seconds=_TRIAL
        )

    async def settings_schema(self, kind: str = "instance") -> protocol.SettingsSchema:
        """Every setting of an instance, or with kind "agent" of the agent itself."""
        path = "/v1/settings/schema"
        return await self._call("GET", path, protocol.SettingsSchema, params={"kind": kind})

    async def agent_config(self) -> InstanceConfigView:
        """Settings of the agent itself; its name is empty."""
        return await self._call("GET", "/v1/agent", InstanceConfigView)

    async def check_config(self, name: str, patch: Mapping[str, Any]) -> tuple[protocol.Fault, ...]:
        """What `configure` would say of this patch; empty: it would take it. Nothing is written."""
        body = PatchRequest(patch=dict(patch))
        return (await self._call("POST", instance_path(name, "check"), protocol.Faults, body=body)).faults

    async def check_new(self, request: AddRequest) -> tuple[protocol.Fault, ...]:
        """What `add_instance` would say; empty: it would make the instance. Nothing is written."""
        answer = await self._call("POST", "/v1/new-instance/check", protocol.Faults, body=request)
        return answer.faults

    async def check_agent_config(self, patch: Mapping[str, Any]) -> tuple[protocol.Fault, ...]:
        """The same for `configure_agent`."""
        body = PatchRequest(patch=dict(patch))
        return (await self._call("POST", "/v1/agent/check", protocol.Faults, body=body)).faults

    @abstractmethod
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
        """Ask the agent."""


def instance_path(name: str, rest: str = "") -> str:
    """The path of an instance, or of something of it."""
    path = f"/v1/instances/{quote(name, safe='')}"
    return f"{path}/{rest}" if rest else path


def _trial_path(name: str, rest: str) -> str:
    return instance_path(name, rest) if name else f"/v1/new-instance/{rest}"
