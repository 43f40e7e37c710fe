"""What the oracle is told to do: rules, each with the requests it matches and the misbehaviour."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Route = Literal["submit", "ping", "read", "processes", "client", "any"]


class Act(StrEnum):
    """What the oracle does with a request."""

    OK = "ok"
    COMMIT_THEN_DROP = "commit-then-drop"
    LATE = "late"
    FOREIGN_ID = "foreign-id"
    HTML = "html"
    REDIRECT = "redirect"
    CONFLICT = "conflict"
    STATUS = "status"
    HANG = "hang"
    RESET = "reset"
    TRUNCATED = "truncated"


_COMMITS = frozenset({Act.OK, Act.COMMIT_THEN_DROP, Act.LATE, Act.FOREIGN_ID, Act.TRUNCATED})


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """An act with its details.

    Attributes:
        seconds: how long the answer takes.
        status: HTTP status for the act `status`.
        text: body for the act `status`.
        commit: overrides whether a submitted report counts as committed.
    """

    act: Act = Act.OK
    seconds: float = 0.0
    status: int = 200
    text: str = ""
    headers: dict[str, str] = {}
    commit: bool | None = None

    @property
    def commits(self) -> bool:
        """True when a submitted report is committed."""
        return self.act in _COMMITS if self.commit is None else self.commit


class Rule(msgspec.Struct, kw_only=True):
    """Requests it matches, and what happens to them.

    Attributes:
        contains: text that the request's body must hold, "" for any.
        skip: so many matching requests pass before the rule applies.
        times: so many requests it applies to, None for all.
    """

    behaviour: Behaviour
    route: Route = "submit"
    contains: str = ""
    skip: int = 0
    times: int | None = None


class Script:
    """The rules in order; the first that matches and is not used up applies."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self.rules = list(rules or [])

    @classmethod
    def from_json(cls, data: bytes) -> Script:
        """Rules out of a JSON list."""
        return cls(msgspec.json.decode(data, type=list[Rule]))

    def pick(self, route: Route, body: bytes) -> Behaviour:
        """What to do with this request; uses the rule up by one."""
        for rule in self.rules:
            if rule.route not in {route, "any"} or rule.times == 0 or rule.contains.encode() not in body:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule.behaviour
        return Behaviour()


def status(code: int, text: str = "", **headers: str) -> Behaviour:
    """Answer with this status; header names are written with underscores."""
    return Behaviour(
        act=Act.STATUS,
        status=code,
        text=text,
        headers={key.replace("_", "-"): value for key, value in headers.items()},
    )
