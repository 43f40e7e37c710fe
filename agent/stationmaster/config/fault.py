"""What is wrong with an edit of the settings: all of it, not only what is met first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stationmaster.config.field import Key, split_key
from stationmaster.errors import ConfigError


def faults(
    preview: Callable[[dict[str, Any]], object], patch: Mapping[str, Any], *, file: str
) -> tuple[ConfigError, ...]:
    """Each fault once, in the words of `preview`, which stops at the first: so what it names is left out.

    Args:
        preview: makes the edit without writing it.
        patch: the edit, values by dotted key.
        file: the settings file; who sees the setting beside its fault needs no file in the sentence.
    """
    left, found = dict(patch), dict[str, ConfigError]()
    while True:
        try:
            preview(left)
        except ConfigError as error:
            if error.key in found:
                break  # it is missing now, because we left it out
            text = error.text.removeprefix(f"{file}: ")
            text = f"T{text[1:]}" if text.startswith("the") else text  # it is a sentence of its own now
            found[error.key] = ConfigError(text, next_step=error.next_step, key=error.key)
            guilty = [key for key in left if _concerns(error.key, key)]
            guilty = guilty or [key for key in left if _same_item(error.key, key)]
            if not guilty:
                break
            left = {key: value for key, value in left.items() if key not in guilty}
        else:
            break
    return tuple(found.values())


def _concerns(fault: str, key: str) -> bool:
    """`key` of the patch is the faulty setting, holds it or lies in it, or is counted from it."""
    wrong, given = _parts(fault), _parts(key)
    least = min(len(wrong), len(given))
    if least and wrong[:least] == given[:least]:
        return True
    numbers = [parts[1] for parts in (wrong, given) if len(parts) > 1 and parts[1].isdecimal()]
    # Item 3 of a list cannot be added where item 2 was left out.
    return len(numbers) == 2 and wrong[0] == given[0] and int(numbers[1]) > int(numbers[0])


def _same_item(fault: str, key: str) -> bool:
    """`key` of the patch makes the list's item in which the faulty setting is missing."""
    wrong, given = _parts(fault)[:2], _parts(key)[:2]
    return len(wrong) == 2 and wrong[1].isdecimal() and wrong == given


def _parts(key: str) -> Key:
    try:
        return split_key(key)
    except ConfigError:
        return (key,)
