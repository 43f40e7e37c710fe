"""Stands names in for what must not leave the station: the same value has the same name everywhere."""

from __future__ import annotations

from collections import Counter

COMMON = frozenset(
    {
        *("", "-", "root", "system", "administrator", "admin", "user", "nobody", "agent", "server", "none"),
        *("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "unknown", "true", "false", "null"),  # noqa: S104 - nothing listens
    }
)
"""Words that name nobody, in lower case; they stay."""


class Names:
    """Gives out pseudonyms in the order in which values are met: SN-1, SN-2, HOST-1, ..."""

    def __init__(self) -> None:
        """Nothing was met yet."""
        self._names: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    def of(self, kind: str, value: str) -> str:
        """The name of this value, whatever its case; the first kind it is met as counts."""
        key = value.strip().casefold()
        if key in COMMON:
            return value
        name = self._names.get(key)
        if name is None:
            self._numbers[kind] += 1
            name = f"{kind}-{self._numbers[kind]}"
            self._names[key] = name
            self._values[name] = value
        return name

    def known(self, value: str) -> str | None:
        """The name of a value that was met; else None."""
        return self._names.get(value.casefold())

    def given(self, text: str) -> bool:
        """This is a name that was given out."""
        return text in self._values

    def mapping(self) -> dict[str, str]:
        """What each name stands for. It must never be put beside them."""
        return dict(self._values)
