"""A value that does not show itself."""

from __future__ import annotations

import hmac
from typing import NoReturn, Self

from stationmaster.errors import ConfigError
from stationmaster.secrecy import learn

_LONGEST = 1024  # the Windows vault takes 2560 bytes of UTF-16


class Secret:
    """A token. `repr`, `str` and `format` show ***, it cannot be pickled or encoded; only `reveal` tells."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep `value` as it is; use `parse` for what a person or a file gave."""
        self._value = value
        learn(value)  # no text of this process shows it from here on

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a token as a person or a file gives it, without the space around it.

        Raises:
            ConfigError: empty, too long, or with a character no HTTP header may carry. Shows no part of it.
        """
        secret = cls(text.strip("\ufeff \t\r\n"))
        if not secret._value:
            raise ConfigError("The token is empty.", next_step="Give the token as the server shows it.")
        bad = next((at for at, letter in enumerate(secret._value, 1) if not "!" <= letter <= "~"), 0)
        if bad or len(secret._value) > _LONGEST:
            cause = (
                f"character {bad} cannot be part of one" if bad else f"it is longer than {_LONGEST} letters"
            )
            raise ConfigError(
                f"This is no token: {cause}.", next_step="Copy the token from the server again."
            )
        return secret

    def reveal(self) -> str:
        """The value itself. Keep it in no variable longer than needed, and out of every text."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would let a dict key tell two tokens apart in a dump

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not copied or pickled.")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
