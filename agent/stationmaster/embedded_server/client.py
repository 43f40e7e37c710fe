"""The registered clients: who they are, their passcodes, and what they told last."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
from typing import Any

import msgspec

from stationmaster.embedded_server.error import RequestError

SCHEMA = """
CREATE TABLE IF NOT EXISTS client (
    id TEXT PRIMARY KEY COLLATE NOCASE,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    location TEXT NOT NULL,
    purpose TEXT NOT NULL,
    passcode BLOB NOT NULL,
    registered_at TEXT NOT NULL,
    seen_at TEXT,
    status TEXT NOT NULL,
    told BLOB
);
"""
_LONGEST = 100


class Converter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A converter as a client tells of it; what else it says is kept, but not shown."""

    name: str = ""
    state: str = ""
    version: str = ""
    total: int = 0
    error: int = 0
    path: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client told of itself."""

    name: str = ""
    location: str = ""
    purpose: str = ""
    version: str = ""
    status: str = "Online"
    pending_total: int = 0
    computer: dict[str, Any] = {}
    converters: tuple[Converter, ...] = ()


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as the page shows it."""

    id: str
    name: str
    location: str
    purpose: str
    registered_at: str
    seen_at: str
    status: str
    told: Told


class Login(msgspec.Struct, frozen=True):
    """The two halves of a token; both empty where it has no such form."""

    user: str = ""
    passcode: str = ""


def login(header: str) -> Login:
    """Who asks, out of an `Authorization` header."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return Login()
    try:
        user, colon, passcode = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return Login()
    return Login(user, passcode) if colon else Login()


def known(connection: sqlite3.Connection, who: Login) -> str:
    """The id of the client that this is the log-in of, "" for none."""
    row = connection.execute("SELECT id, passcode FROM client WHERE id = ?", (who.user,)).fetchone()
    return row[0] if row and hmac.compare_digest(row[1], _digest(who.passcode)) else ""


def register(connection: sqlite3.Connection, given: dict[str, str], now: str) -> str:
    """Make a client, or the same one anew; returns its passcode, which is kept as a digest only.

    Raises:
        RequestError: 400 no id, 409 the id belongs to a client of another type.
    """
    wanted, kind = given["id"].strip()[:_LONGEST], given["type"].strip()[:_LONGEST]
    if not wanted or ":" in wanted:
        raise RequestError("id is required, and must hold no colon.")
    row = connection.execute("SELECT type FROM client WHERE id = ?", (wanted,)).fetchone()
    if row and row[0].lower() != kind.lower():
        raise RequestError(f"The id is used by a client of the type {row[0]}.", status=409)
    passcode = secrets.token_urlsafe(24)
    rest = [given[key][:_LONGEST] for key in ("name", "location", "purpose")]
    connection.execute(
        "INSERT INTO client (id, type, name, location, purpose, passcode, registered_at, status)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'Registered') ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
        " location = excluded.location, purpose = excluded.purpose, passcode = excluded.passcode,"
        " registered_at = excluded.registered_at",
        (wanted, kind, *rest, _digest(passcode), now),
    )
    return passcode


def told(connection: sqlite3.Connection, wanted: str, body: Told, now: str) -> None:
    """Keep what a client tells of itself."""
    connection.execute(
        "UPDATE client SET name = ?, location = ?, purpose = ?, status = ?, seen_at = ?, told = ?"
        " WHERE id = ?",
        (
            *(text[:_LONGEST] for text in (body.name, body.location, body.purpose, body.status)),
            now,
            msgspec.json.encode(body),
            wanted,
        ),
    )


def left(connection: sqlite3.Connection, wanted: str, now: str) -> None:
    """A client took its leave."""
    connection.execute("UPDATE client SET status = 'Offline', seen_at = ? WHERE id = ?", (now, wanted))


def all_of_them(connection: sqlite3.Connection) -> list[Client]:
    """The clients by name."""
    rows = connection.execute(
        "SELECT id, name, location, purpose, registered_at, seen_at, status, told FROM client"
        " ORDER BY name COLLATE NOCASE, id LIMIT 1000"
    )
    return [
        Client(
            id=row[0],
            name=row[1],
            location=row[2],
            purpose=row[3],
            registered_at=row[4],
            seen_at=row[5] or "",
            status=row[6],
            told=msgspec.json.decode(row[7], type=Told) if row[7] else Told(),
        )
        for row in rows
    ]


def _digest(passcode: str) -> bytes:
    return hashlib.sha256(passcode.encode()).digest()
