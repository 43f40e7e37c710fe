"""One keyring call in a process of its own, because a keyring may ask on the screen, hang or crash.

Reads one JSON object on stdin: {"op": "get" | "set" | "delete", "service", "user", "token"}; writes one on
stdout: {"token": text or null} or {"error": "unavailable" | "failed", "cause": text}. Tokens pass through
these pipes only.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


class _UnavailableError(Exception):
    """There is no keyring that keeps secrets safe."""


def main() -> None:
    """Answer one request."""
    # A back end that prints must not spoil the answer: stdout is the parent's, fd 1 becomes nothing.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    request = json.loads(sys.stdin.buffer.read())
    json.dump(_answer(request), answer)
    answer.close()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        backend = _backend()
        return {"token": _call(backend, request)}
    except _UnavailableError as error:
        return {"error": "unavailable", "cause": str(error)}
    # Back ends are plug-ins: they raise KeyringError, D-Bus errors, OSError, whatever.
    except Exception as error:  # noqa: BLE001 - documented plug-in boundary
        cause = f"{type(error).__name__}: {error}".replace(request.get("token") or "\0", "***")
        return {"error": "failed", "cause": " ".join(cause.split())[:200]}


def _backend() -> Any:
    """The system's keyring, but none that keeps plain text or nothing at all."""
    import keyring.backends.chainer  # noqa: PLC0415 - costs 50 ms, and may fail: then it is told like any error

    chosen = keyring.get_keyring()
    chained = chosen.backends if isinstance(chosen, keyring.backends.chainer.ChainerBackend) else [chosen]
    refused = ""
    for backend in chained:
        module = type(backend).__module__
        if module.startswith("keyrings.alt"):
            refused = "the only keyring here keeps plain text"
        elif module in {"keyring.backends.fail", "keyring.backends.null"}:
            refused = refused or "there is none"
        else:
            return backend
    raise _UnavailableError(refused or "there is none")


def _call(backend: Any, request: dict[str, Any]) -> str | None:
    service, user = request["service"], request["user"]
    if request["op"] == "get":
        return _text(backend.get_password(service, user))
    if request["op"] == "set":
        backend.set_password(service, user, request["token"])
        if backend.get_password(service, user) != request["token"]:
            raise _UnavailableError("it took the token but does not give it back")
        return None
    if backend.get_password(service, user) is not None:
        backend.delete_password(service, user)
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


if __name__ == "__main__":
    main()
