"""What is told of a mistake in typing: the words of the library that checks values, made a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import typer

from stationmaster.cli.listing import Listing
from stationmaster.sentence import closed

_LABEL = "Value error, "
"""What pydantic, which checks values for typer, puts in front of the words of whoever refused one."""


class Root(Listing):
    """The root of the command line: all that is typed is checked below it."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the root's own options."""
        with worded():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Read and run what stands behind them."""
        with worded():
            return super().invoke(ctx)


@contextlib.contextmanager
def worded() -> Iterator[None]:
    """The one place where a value that was refused gets its words."""
    try:
        yield
    except typer.BadParameter as error:
        error.message = closed(error.message.removeprefix(_LABEL))
        raise
