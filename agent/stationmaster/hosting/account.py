"""The account of the machine's agent: steps that are the same on each system but for the command."""

from __future__ import annotations

from pathlib import Path

from stationmaster.home.paths import GROUP
from stationmaster.hosting.plan import Give, Run, Wanted


def make_group(*command: str) -> Run:
    """Make the group of those who may operate the agent."""
    return Run(text=f"Make the group {GROUP}: who is in it may operate the agent.", command=command)


def join_group(account: str, *command: str) -> Run:
    """Take the agent's account into that group."""
    return Run(text=f"Take the account {account} into the group.", command=command)


def give_folders(account: str, folders: tuple[Path, ...]) -> Give:
    """Give the agent's folders to its account."""
    names = ", ".join(map(str, folders))
    return Give(text=f"Give {names} to the account {account}.", folders=folders, account=account, group=GROUP)


def what_stays(wanted: Wanted) -> str:
    """What an uninstall leaves where it is."""
    home = wanted.home
    return (
        f"Left as they are: settings in {home.config}, reports and what waits in {home.data}, "
        f"the log in {home.log}, the tokens"
    )
