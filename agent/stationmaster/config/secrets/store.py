"""Where a token comes from and goes to. What the settings choose is used, and nothing else in its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from stationmaster.config.schema import InstanceConfig, SecretsStore
from stationmaster.config.secrets import keyring_call, token_file
from stationmaster.config.secrets.secret import Secret
from stationmaster.errors import ConfigError, NeedsLoginError, NeedsUserError
from stationmaster.home.name import check_name, variable_part
from stationmaster.home.paths import Home
from stationmaster.model import ProblemCode

ConfigLookup = Callable[[str], InstanceConfig]


def variable(name: str) -> str:
    """The environment variable that may hold the token of instance `name`."""
    return f"STATIONMASTER_TOKEN_{variable_part(name)}"


class SecretStore:
    """Tokens of one home's instances.

    `auto` means: a systemd credential, else the environment variable, else the keyring; never a file. A
    keyring that cannot be used is told, not replaced. Nothing is remembered: each call asks the store, and a
    keyring call starts a process (some 150 ms), so who sends many requests keeps the token.
    """

    def __init__(
        self,
        home: Home,
        config_lookup: ConfigLookup,
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> None:
        """Use the stores of this account.

        Args:
            home: whose instances.
            config_lookup: gives an instance's settings, for `secrets.store`.
            env: environment for credentials and variables; the process's own if None.
            timeout: seconds one keyring call may take.
        """
        self._home = home
        self._lookup = config_lookup
        self._env = os.environ if env is None else env
        self._timeout = timeout
        self._service = f"stationmaster-{home.key}"

    def looking_at(self, config_lookup: ConfigLookup) -> SecretStore:
        """The same stores by other settings: those that an instance is about to get."""
        return SecretStore(self._home, config_lookup, env=self._env, timeout=self._timeout)

    async def get(self, name: str) -> Secret | None:
        """The token of instance `name`; None where its store has none.

        Raises:
            NeedsUserError: keyring-unavailable; token-missing where a stored token is malformed, or lies in a
                file that others may read.
        """
        store = self._store(name)
        try:
            return await self._find(name, store)
        except ConfigError as error:
            # The instance waits for a person, as it does for a missing token. No cause: see Secret.
            code = ProblemCode.TOKEN_MISSING
            raise NeedsUserError(error.text, code=code, next_step=error.next_step) from None

    def missing(self, name: str) -> NeedsLoginError:
        """What to tell where `get` finds no token: where it should be, and how it gets there."""
        by_us = self._store(name) not in (SecretsStore.ENVIRONMENT, SecretsStore.CREDENTIAL)
        return NeedsLoginError(
            f'There is no token for instance "{name}" in {self._place(name)}.',
            code=ProblemCode.TOKEN_MISSING,
            next_step=f"Hand it over: stationmaster instance edit {name} --token-stdin"
            if by_us
            else "Put it there and start the agent again.",
        )

    async def set(self, name: str, token: Secret) -> None:
        """Store the token where the settings say; it is there when this returns.

        Raises:
            NeedsUserError: keyring-unavailable.
            ConfigError: the store is one that only an administrator fills, or such a one goes before.
        """
        store = self._store(name)
        self.check_ours(name)
        if store is SecretsStore.FILE:
            token_file.write(self._home.token_file(name), token)
        else:
            await keyring_call.call("set", self._service, name, limit=self._timeout, token=token)

    async def delete(self, name: str) -> None:
        """Remove the token from the store the settings name; none is no error.

        Raises:
            NeedsUserError: keyring-unavailable.
        """
        store = self._store(name)
        if store is SecretsStore.FILE:
            token_file.delete(self._home.token_file(name))
        elif store in (SecretsStore.AUTO, SecretsStore.KEYRING):
            await keyring_call.call("delete", self._service, name, limit=self._timeout)

    # ---------------------------------------------------------------- inside
    async def _find(self, name: str, store: SecretsStore) -> Secret | None:
        token: Secret | None = None
        if store in (SecretsStore.AUTO, SecretsStore.CREDENTIAL):
            token = self._credential(name)
        if token is None and store in (SecretsStore.AUTO, SecretsStore.ENVIRONMENT):
            token = self._variable(name)
        if store is SecretsStore.FILE:
            token = token_file.read(self._home.token_file(name))
        if token is None and store in (SecretsStore.AUTO, SecretsStore.KEYRING):
            token = await keyring_call.call("get", self._service, name, limit=self._timeout)
        return token

    def _store(self, name: str) -> SecretsStore:
        return self._lookup(check_name(name)).secrets.store

    def _credential_file(self, name: str) -> Path | None:
        """See systemd.exec(5), LoadCredential: files in a folder only the service can read."""
        folder = self._env.get("CREDENTIALS_DIRECTORY", "")
        return Path(folder) / f"stationmaster-{name}" if folder else None

    def _credential(self, name: str) -> Secret | None:
        path = self._credential_file(name)
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                f"The credential {path} cannot be read: {error.strerror}.",
                next_step="Check LoadCredential= in the service's unit.",
            ) from error
        return Secret.parse(content.decode("utf-8", errors="replace"))

    def _variable(self, name: str) -> Secret | None:
        value = self._env.get(variable(name), "")
        return Secret.parse(value) if value.strip() else None

    def check_ours(self, name: str) -> None:
        """Refuse to store a token that would not be used.

        Raises:
            ConfigError: the store is one that only an administrator fills, or such a one goes before.
        """
        store = self._store(name)
        credential = self._credential_file(name)
        by_credential = credential is not None and credential.exists()
        by_variable = bool(self._env.get(variable(name), "").strip())
        if store is SecretsStore.CREDENTIAL or (store is SecretsStore.AUTO and by_credential):
            raise ConfigError(
                f'The token of instance "{name}" comes from the systemd credential stationmaster-{name}.',
                next_step="Change the credential, or set secrets.store to keyring or file.",
            )
        if store is SecretsStore.ENVIRONMENT or (store is SecretsStore.AUTO and by_variable):
            raise ConfigError(
                f'The token of instance "{name}" comes from the environment variable {variable(name)}.',
                next_step="Change the variable, or set secrets.store to keyring or file.",
            )

    def _place(self, name: str) -> str:
        places = {
            SecretsStore.AUTO: "the system's keyring, a systemd credential or the environment",
            SecretsStore.KEYRING: "the system's keyring",
            SecretsStore.FILE: f"the file {self._home.token_file(name)}",
            SecretsStore.ENVIRONMENT: f"the environment variable {variable(name)}",
            SecretsStore.CREDENTIAL: f"the systemd credential stationmaster-{name}",
        }
        return places[self._store(name)]
