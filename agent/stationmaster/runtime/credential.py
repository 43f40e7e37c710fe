"""Tokens in use: asked of the secret store once, kept in memory, asked again when told so."""

from __future__ import annotations

from datetime import datetime

from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.errors import NeedsUserError
from stationmaster.model import Problem, ProblemCode, Severity


class Credentials:
    """A cache over the secret store, so that a keyring that goes away later stops no upload."""

    def __init__(self, store: SecretStore) -> None:
        """Nothing is read yet."""
        self._store = store
        self._known: dict[str, Secret] = {}
        self._trouble: dict[str, NeedsUserError] = {}

    async def token(self, name: str) -> Secret | None:
        """The token of an instance, None where it has none.

        Raises:
            NeedsUserError: the store cannot be asked (a locked keyring).
        """
        if name in self._known:
            return self._known[name]
        try:
            secret = await self._store.get(name)
        except NeedsUserError as error:
            self._trouble[name] = error
            raise
        self._trouble.pop(name, None)
        if secret is not None:
            self._known[name] = secret
        return secret

    async def set(self, name: str, token: str) -> None:
        """Store a new token and use it from now on."""
        secret = Secret(token)
        await self._store.set(name, secret)
        self._trouble.pop(name, None)
        self._known[name] = secret

    def forget(self, name: str) -> None:
        """Ask the store again next time."""
        self._known.pop(name, None)
        self._trouble.pop(name, None)

    async def delete(self, name: str) -> None:
        """Remove a token for good."""
        self.forget(name)
        await self._store.delete(name)

    def problems(self, now: datetime) -> list[Problem]:
        """Secret stores that do not answer."""
        return [
            Problem(
                code=ProblemCode(error.code),
                severity=Severity.ERROR,
                title="The token cannot be read",
                text=error.text,
                next_step=error.next_step,
                instance=name,
                since=now,
            )
            for name, error in self._trouble.items()
        ]
