"""The client's calls about the canary of an instance."""

from __future__ import annotations

from stationmaster.canary import Canary
from stationmaster.control.canary_protocol import CanaryRequest, Promoted, PromoteRequest, StopRequest
from stationmaster.control.trial_client import TrialCalls, instance_path

_IMPORTS = 120.0
"""Seconds for imports: each converter of an instance may take some until it is given up."""
_RESTART = 600.0
"""Seconds in which an instance begins anew with other settings."""


class CanaryCalls(TrialCalls):
    """Part of `ControlClient`, which has the connection."""

    async def canary(self, name: str) -> Canary:
        """The canary of an instance, or the last one; where there never was one it is refused."""
        return await self._call("GET", instance_path(name, "canary"), Canary)

    async def start_canary(self, name: str, request: CanaryRequest) -> Canary:
        """Let another version of a converter run beside the live one; it delivers nothing."""
        return await self._call("POST", instance_path(name, "canary"), Canary, body=request, seconds=_IMPORTS)

    async def stop_canary(self, name: str, *, canary: str = "") -> Canary:
        """End the canary; what it found stays to be seen.

        Args:
            name: the instance.
            canary: `id` of the one that this was decided for: another one is refused. "" for any.
        """
        body = StopRequest(canary=canary)
        return await self._call("POST", instance_path(name, "canary/stop"), Canary, body=body)

    async def promote_canary(
        self, name: str, *, despite_differences: bool = False, base: str = "", canary: str = ""
    ) -> Promoted:
        """Let the canary take the place of the live converter.

        Args:
            name: the instance.
            despite_differences: also where files came out otherwise, or none was compared yet.
            base: `revision` of the settings that this was decided for: with others it is refused. "" for any.
            canary: `id` of the one that this was decided for: another one is refused. "" for any.
        """
        body = PromoteRequest(despite_differences=despite_differences, base=base, canary=canary)
        path = instance_path(name, "canary/promote")
        return await self._call("POST", path, Promoted, body=body, seconds=_RESTART)
