"""The list of commands in a group's help, with each summary whole."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Listing(TyperGroup):
    """A group of commands. A long summary goes on in the next line; it does not end in dots."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _summary(command)) for name, command in commands if command and not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _summary(command: Any) -> str:
    """Its first sentence."""
    text = str(command.short_help or command.help or "").partition("\n\n")[0]
    first, dot, _ = " ".join(text.split()).partition(". ")
    return f"{first}." if dot else first
