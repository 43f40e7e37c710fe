"""`stationmaster config check`: are the settings right?"""

from __future__ import annotations

from pathlib import Path

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import print_json, say
from stationmaster.cli.session import home
from stationmaster.config.rule import in_clear
from stationmaster.config.store import ConfigStore, Loaded

IN_CLEAR = "the address begins with http://: token and reports can be read on the network."
IN_CLEAR_STEP = "Use https:// where the server offers it."

app = typer.Typer(help="Check settings.", no_args_is_help=True)


@app.command()
def check(*, json: Json = False) -> None:
    """Read every settings file and say what is wrong: file, key, value, and what was meant."""
    loaded = ConfigStore(home()).load_all()
    findings = [
        {"instance": name, "severity": "error", "text": error.text, "next_step": error.next_step}
        for name, error in sorted(loaded.errors.items())
    ]
    findings += [*_overlaps(loaded), *_in_clear(loaded)]
    if json:
        print_json("config-check", findings)
    else:
        for finding in findings:
            say(f"{finding['severity']}: {finding['text']}")
            if finding["next_step"]:
                say(f"  → {finding['next_step']}")
        say(f"{len(loaded.instances)} instances are right, {len(loaded.errors)} files are wrong.")
    if loaded.errors:
        raise typer.Exit(Exit.USAGE)


def _in_clear(loaded: Loaded) -> list[dict[str, str]]:
    return [
        {"instance": name, "severity": "warning", "text": f'"{name}": {IN_CLEAR}', "next_step": IN_CLEAR_STEP}
        for name, config in sorted(loaded.instances.items())
        if in_clear(config.server.url)
    ]


def _overlaps(loaded: Loaded) -> list[dict[str, str]]:
    """Folders that two instances watch, or one watches twice: each file is taken once per instance."""
    seen: dict[Path, str] = {}
    findings: list[dict[str, str]] = []
    for name, config in sorted(loaded.instances.items()):
        for folder in config.watch:
            path = Path(folder.path)
            other = seen.setdefault(path, name)
            if other != name:
                findings.append(
                    {
                        "instance": name,
                        "severity": "warning",
                        "text": f'{path} is watched by "{other}" and by "{name}": each takes every file.',
                        "next_step": "Give each instance a folder of its own, or narrow `include`.",
                    }
                )
    return findings
