"""Tokens in use: the secret store is asked whenever a token is wanted, its last answer is kept in memory."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection
from datetime import datetime

from stationmaster.config.problem import unkept_token, unreadable_token
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.errors import ConfigError, NeedsUserError
from stationmaster.log import Lasting, bound
from stationmaster.model import Problem

_LOG = logging.getLogger(__name__)


class Credentials:
    """The secret store, with a memory for the time when it cannot be asked.

    A token is wanted when an instance starts, and after the server refused the one before: asking the store
    each time finds a token that was replaced by hand, and the memory lets uploads go on when the keyring is
    gone.
    """

    def __init__(self, store: SecretStore) -> None:
        """Nothing is read yet."""
        self._store = store
        self._known: dict[str, Secret] = {}
        self._trouble: dict[str, NeedsUserError] = {}
        self._refused: dict[str, NeedsUserError] = {}
        self._lasting: dict[str, Lasting] = {}

    @property
    def store(self) -> SecretStore:
        """The secret store itself, without the memory."""
        return self._store

    async def token(self, name: str) -> Secret:
        """The token of an instance.

        Raises:
            NeedsLoginError: it has none.
            NeedsUserError: the store cannot be asked (a locked keyring), and never could.
        """
        lasting = self._lasting.setdefault(name, Lasting(bound(_LOG, name)))
        try:
            secret = await self._store.get(name)
        except NeedsUserError as error:
            if name in self._known:
                lasting.met("store", f"the last known token is used: {error}")
                return self._known[name]
            self._trouble[name] = error
            raise
        self._well(name)
        lasting.over("store", "the token can be read again")
        if secret is None:
            self._known.pop(name, None)
            raise self._store.missing(name)
        self._known[name] = secret
        return secret

    async def look(self, name: str) -> str:
        """Ask for a token without any consequence; "" where there is none. Raises as `token` does."""
        found = await self._store.get(name)
        return found.reveal() if found else ""

    async def set(self, name: str, token: str) -> None:
        """Store a new token and use it from now on.

        Raises:
            ConfigError: it cannot be a token; nothing of it is shown.
            NeedsUserError: the store does not take it.
        """
        secret = Secret.parse(token)
        try:
            await self._store.set(name, secret)
        except NeedsUserError as error:
            self._refused[name] = error
            raise
        self._well(name)
        self._known[name] = secret

    async def look_again(self) -> None:
        """Ask the stores that refused a new token: nobody else may want them before the next one."""
        for name in tuple(self._refused):
            with contextlib.suppress(NeedsUserError, ConfigError):
                await self._store.get(name)
                self._refused.pop(name, None)

    async def equals(self, name: str, token: Secret, config: InstanceConfig) -> bool:
        """Whether this is the token of an instance already, where its settings are (or will be) `config`.

        Raises:
            NeedsUserError: the store cannot be asked.
            ConfigError: it is another one, and the store is one that is filled by others.
        """
        store = self._store.looking_at(lambda _: config)
        found = await store.get(name)
        if found != token:
            store.check_ours(name)
        return found == token

    async def delete(self, name: str) -> None:
        """Remove a token for good."""
        self._known.pop(name, None)
        self._well(name)
        await self._store.delete(name)

    def problems(self, now: datetime, names: Collection[str]) -> list[Problem]:
        """Secret stores that do not answer for these instances."""
        found = [unreadable_token(name, error, now) for name, error in self._trouble.items()]
        found += [
            unkept_token(name, error, now)
            for name, error in self._refused.items()
            if name not in self._trouble
        ]
        return [one for one in found if one.instance in names]

    def _well(self, name: str) -> None:
        """The store of this instance answers."""
        self._trouble.pop(name, None)
        self._refused.pop(name, None)
