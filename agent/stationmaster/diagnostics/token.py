"""Is there a token, and can its store be asked?"""

from __future__ import annotations

from stationmaster.clock import Clock
from stationmaster.config.problem import unreadable_token
from stationmaster.config.schema import SecretsStore
from stationmaster.config.secrets import Secret, SecretStore
from stationmaster.deliver.board import told
from stationmaster.diagnostics.check import good, of_problem
from stationmaster.errors import NeedsUserError
from stationmaster.model import Check, Hop


async def token_check(
    store: SecretStore, name: str, kind: SecretsStore, *, clock: Clock
) -> tuple[Check, Secret | None]:
    """Ask the chosen store; a keyring is asked in a child that is killed when it does not answer."""
    began = clock.monotonic()
    try:
        secret = await store.get(name)
    except NeedsUserError as error:
        problem = unreadable_token(name, error, clock.now())
        return of_problem(problem, Hop.TOKEN, seconds=clock.monotonic() - began), None
    seconds = clock.monotonic() - began
    if secret is None:
        return of_problem(told(store.missing(name), name, clock.now()), Hop.TOKEN, seconds=seconds), None
    text = f"It can be read (secrets.store = {kind.value})."
    return good(Hop.TOKEN, text, instance=name, seconds=seconds), secret
