"""Brings settings and tokens in line with a provisioning file: all is checked first, then written.

Each step may be done again, so a run that was cut off is finished by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import msgspec

from stationmaster.clock import Clock
from stationmaster.config.difference import flat, patch_towards
from stationmaster.config.lock import FileLock
from stationmaster.config.mistake import together
from stationmaster.config.provisioning import Provisioning, Wanted, read
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.secrets import Secret
from stationmaster.config.store import ConfigStore
from stationmaster.control.protocol import NOT_REGISTERED, AddRequest, Outcome, Provisioned, ProvisionRequest
from stationmaster.errors import ConfigError, StationmasterError
from stationmaster.home.name import same_place
from stationmaster.home.paths import Home
from stationmaster.log import bound
from stationmaster.runtime.credential import Credentials
from stationmaster.runtime.enrolment import dismantle, enrol

_LOG = logging.getLogger(__name__)
_PAUSE = 0.1
_TRIES = 1200
"""How often, and seconds in between, a run looks whether another one is done."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to one instance.

    Attributes:
        made: it is a new one.
        patch: what changes in its file.
        config: its settings afterwards; the id of a new one may be another.
        token: to be stored; None where none was given, or where it is there already.
        token_given: one was given.
        register: a register-client token, for one that holds no token.
    """

    name: str
    made: bool
    patch: dict[str, Any]
    config: InstanceConfig
    token: Secret | None = None
    token_given: bool = False
    register: Secret | None = None

    @property
    def outcome(self) -> Outcome:
        """What it comes to."""
        changed = self.patch or self.token or self.register
        given = "unchanged" if self.token_given else ""
        return Outcome(
            name=self.name,
            what="made" if self.made else "changed" if changed else "unchanged",
            keys=() if self.made else tuple(self.patch),
            token="stored" if self.token else "registered" if self.register else given,
        )


async def provision(
    store: ConfigStore, credentials: Credentials, request: ProvisionRequest, clock: Clock
) -> Provisioned:
    """Make, change and (where asked for) remove instances, and change the agent's settings.

    Raises:
        ConfigError: something is wrong in the file, or does not go with what is there; nothing is written.
        NeedsUserError: the keyring does not answer; nothing is written.
    """
    wanted = await asyncio.to_thread(lambda: read(request.text, file=request.file))
    tokens = _Tokens(_tokens(wanted, request.tokens), _tokens(wanted, request.register_tokens), clock)
    if request.dry_run:
        return await _provision(store, credentials, request, wanted, tokens)
    await asyncio.to_thread(store.home.ensure)
    async with _alone(store.home):
        return await _provision(store, credentials, request, wanted, tokens)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What was handed over, by instance."""

    own: Mapping[str, Secret]
    register: Mapping[str, Secret]
    clock: Clock


@asynccontextmanager
async def _alone(home: Home) -> AsyncIterator[None]:
    """No other run at the same time, of this process or another."""
    lock = FileLock(home.provision_lock)
    for _ in range(_TRIES):
        if await asyncio.to_thread(lock.try_acquire):
            break
        await asyncio.sleep(_PAUSE)  # real time on purpose: other processes do not live by an injected clock
    else:
        raise ConfigError(
            "Another run of provision is under way.", next_step="Wait until it is done, then try again."
        )
    try:
        yield
    finally:
        lock.release()


async def _provision(
    store: ConfigStore,
    credentials: Credentials,
    request: ProvisionRequest,
    wanted: Provisioning,
    tokens: _Tokens,
) -> Provisioned:
    agent, plans, surplus = await asyncio.to_thread(_plan, store, wanted, request)
    plans = [await _with_token(credentials, plan, tokens.own.get(plan.name)) for plan in plans]
    plans = [
        await _with_registration(credentials, plan, tokens, wanted.instances[plan.name].register_variable)
        for plan in plans
    ]
    outcomes = [plan.outcome for plan in plans]
    notes = dict.fromkeys(surplus, "")
    if not request.dry_run:
        if agent:
            await asyncio.to_thread(store.edit_agent, agent)
        # Those that go make way for names that are much like theirs.
        notes = {name: await dismantle(store, credentials, name) for name in surplus}
        for plan in plans:
            await _apply(store, credentials, plan, wanted.instances[plan.name])
        outcomes = [await _registered(store, credentials, plan, tokens.clock) for plan in plans]
    outcomes += [Outcome(name=name, what="removed", note=note) for name, note in notes.items()]
    if wanted.agent:
        outcomes.insert(0, Outcome(name="", what="changed" if agent else "unchanged", keys=tuple(agent)))
    changed = any(one.what != "unchanged" for one in outcomes)
    return Provisioned(dry_run=request.dry_run, changed=changed, outcomes=tuple(outcomes))


def _tokens(wanted: Provisioning, given: Mapping[str, str]) -> dict[str, Secret]:
    for name in given:
        if name not in wanted.instances:
            close = get_close_matches(name, wanted.instances, n=1)
            known = f"It has {', '.join(wanted.instances) or 'none'}."
            raise ConfigError(
                f'A token is given for "{name}", but the file has no such instance.',
                next_step=f'Did you mean "{close[0]}"?' if close else known,
            )
    return {name: Secret.parse(token) for name, token in given.items()}


# -------------------------------------------------------------------- checking
def _plan(
    store: ConfigStore, wanted: Provisioning, request: ProvisionRequest
) -> tuple[dict[str, Any], list[Plan], list[str]]:
    """What is to be done: the agent's patch, the instances, those that go. Writes nothing."""
    agent = patch_towards(store.load_agent(), wanted.agent_config, wanted.agent)
    store.preview_agent(agent)
    there = store.names()
    surplus = [name for name in there if name not in wanted.instances] if request.prune else []
    for name in surplus:
        store.load(name)
    stay = [other for other in there if other not in surplus]
    plans: list[Plan] = []
    mistakes: list[ConfigError] = []
    for name, one in wanted.instances.items():
        try:
            plans.append(_change(store, name, one) if name in there else _make(store, name, one, stay))
        except ConfigError as error:
            mistakes.append(error)
    mistake = together(request.file, mistakes)
    if mistake is not None:
        raise mistake
    return agent, plans, surplus


def _change(store: ConfigStore, name: str, wanted: Wanted) -> Plan:
    now = store.load(name)
    if wanted.id not in (None, now.id):
        raise ConfigError(
            f'The station "{name}" has the id {now.id}, not {wanted.id}, and a station keeps its id.',
            next_step="Leave the id out of the provisioning file.",
        )
    patch = patch_towards(now, wanted.config, wanted.settings)
    return Plan(name=name, made=False, patch=patch, config=store.preview(name, patch) if patch else now)


def _make(store: ConfigStore, name: str, wanted: Wanted, others: list[str]) -> Plan:
    for other in others:
        if same_place(name, other):
            raise ConfigError(
                f'The station "{other}" is there already, and "{name}" is too much like it.',
                next_step="Choose another name, or that one.",
            )
    if wanted.id is not None:
        store.check_id(name, wanted.id)
    patch = flat(wanted.settings)
    if wanted.id is not None:
        patch["id"] = str(wanted.id)
    return Plan(name=name, made=True, patch=patch, config=wanted.config)


async def _with_token(credentials: Credentials, plan: Plan, token: Secret | None) -> Plan:
    """Ask the store now: that it does not answer, or is not ours to fill, must be known before all else."""
    if token is None:
        return plan
    same = await credentials.equals(plan.name, token, plan.config)
    return msgspec.structs.replace(plan, token=None if same else token, token_given=True)


async def _with_registration(credentials: Credentials, plan: Plan, tokens: _Tokens, variable: str) -> Plan:
    """One that holds a token already, or gets one, is not registered: run again, nothing changes."""
    register = tokens.register.get(plan.name)
    if (register is None and not variable) or plan.token_given:
        return plan
    at_hand = credentials.store.looking_at(lambda _: plan.config)
    if await at_hand.get(plan.name) is not None:
        return msgspec.structs.replace(plan, token_given=True)
    if register is None:
        raise ConfigError(
            f'The station "{plan.name}" holds no token, and there is no register-client token in the '
            f"environment variable {variable}.",
            next_step="Put it there, then run the command again.",
        )
    at_hand.check_ours(plan.name)
    return msgspec.structs.replace(plan, register=register)


# -------------------------------------------------------------------- writing
async def _registered(store: ConfigStore, credentials: Credentials, plan: Plan, clock: Clock) -> Outcome:
    """Register a station; a server that refuses or is away keeps none of the others from it."""
    if plan.register is None:
        return plan.outcome
    from stationmaster.runtime.registration import register_instance  # noqa: PLC0415 - brings aiohttp

    try:
        await register_instance(store, credentials, plan.name, plan.register.reveal(), clock=clock)
    except StationmasterError as error:
        bound(_LOG, plan.name).warning("not registered: %s", error)
        what = "made" if plan.made else "changed" if plan.patch else "unchanged"
        return msgspec.structs.replace(plan.outcome, what=what, token=NOT_REGISTERED, note=str(error))
    bound(_LOG, plan.name).info("registered by provisioning")
    return plan.outcome


async def _apply(store: ConfigStore, credentials: Credentials, plan: Plan, wanted: Wanted) -> None:
    if plan.made:
        patch = {key: value for key, value in plan.patch.items() if key not in ("watch", "server.url")}
        watch = tuple(wanted.settings.get("watch", ()))
        token = plan.token.reveal() if plan.token else None
        request = AddRequest(
            name=plan.name, server=wanted.config.server.url, watch=watch, patch=patch, token=token
        )
        await enrol(store, credentials, request)
        bound(_LOG, plan.name).info("made by provisioning")
        return
    if plan.patch:
        await asyncio.to_thread(store.edit, plan.name, plan.patch)
        bound(_LOG, plan.name).info("changed by provisioning: %s", ", ".join(plan.patch))
    if plan.token:
        await credentials.set(plan.name, plan.token.reveal())
