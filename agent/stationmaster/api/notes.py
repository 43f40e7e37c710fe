"""What a person should know of a conversion, told once for each kind."""

from __future__ import annotations


class Notes:
    """Collects what a person should know by kind, so that ten thousand of one kind are one sentence."""

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self._places: dict[str, list[str]] = {}

    def add(self, text: str, place: str) -> None:
        """Remember one, and where it is; equal texts become one sentence."""
        self._places.setdefault(text, []).append(place)

    def sentences(self) -> list[str]:
        """One for each kind, with the first place."""
        return [_sentence(text, places) for text, places in self._places.items()]


def _sentence(text: str, places: list[str]) -> str:
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{text} ({places[0]}{more})" if places[0] else text
