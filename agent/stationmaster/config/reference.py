"""docs/settings.md, made from the schema.

`python -m stationmaster.config.reference --write docs/settings.md` makes it, `--check` says if it is.
"""

from __future__ import annotations

import inspect
import sys

import msgspec

from stationmaster.api.reference import keep_current
from stationmaster.config.field import Key, Setting, join_key, walk
from stationmaster.config.schema import AgentConfig, InstanceConfig

_HEAD = """\
# Settings

This page is made from the schema by `python -m stationmaster.config.reference`; do not edit it.

One TOML file per instance, `instances/<name>.toml`, and `agent.toml` for the agent itself, both in the folder
for settings:

| scope | Linux | macOS | Windows |
|---|---|---|---|
| user | `~/.config/stationmaster` | `~/Library/Application Support/stationmaster/config` | \
`%LOCALAPPDATA%\\stationmaster\\config` |
| machine | `/etc/stationmaster` | `/Library/Application Support/stationmaster/config` | \
`%PROGRAMDATA%\\stationmaster\\config` |

`STATIONMASTER_HOME` puts everything under one folder; the settings are in its `config`.

Change a setting with `stationmaster instance edit NAME --set key=value`, one of the agent with
`stationmaster config edit --set key=value`, or any with an editor. All are noticed while the agent runs.
Comments stay. A wrong value is refused with file, key and what is allowed. Lists are written with commas on
the command line: `--set "watch.0.include=*.json,*.xml"`. Durations are plain numbers of seconds.

A station's name has 1 to 40 letters (a-z), digits, `-`, `_` or `.`, and is no device name of Windows
(`con`, `nul`, ...).

## The token

The server's token never stands in these files. By `secrets.store` it comes from:

| value | place |
|---|---|
| `credential` | systemd credential `stationmaster-<name>` |
| `environment` | variable `STATIONMASTER_TOKEN_<NAME>`: capitals, all but letters and digits becomes `_` |
| `keyring` | the system's keyring |
| `file` | `<data>/<name>/token`, readable by its owner only (on Windows protected by the account) |
| `auto` | `credential`, else `environment`, else `keyring`; never `file` |

A keyring that cannot be used is reported as the problem `keyring-unavailable`; nothing else is used in its
place.
"""


def render() -> str:
    """The Markdown of every setting, with type, default, what is allowed, meaning and example."""
    parts = [_HEAD]
    for title, root in (("Settings of a station", InstanceConfig), ("Settings of the agent", AgentConfig)):
        parts.append(f"## {title}\n\n{_sentence(root)}\n")
        parts.extend(_section(key, owner, settings) for key, owner, settings in walk(root))
    return "\n".join(parts)


def _section(key: Key, owner: type[msgspec.Struct], settings: list[Setting]) -> str:
    lines = [f"### `{_header(key)}`\n\n{_sentence(owner)}\n"] if key else []
    lines.append("| setting | type | default | allowed | meaning | example |\n|---|---|---|---|---|---|")
    lines.extend(_row(setting) for setting in settings)
    return "\n".join(lines) + "\n"


def _header(key: Key) -> str:
    """The table's header in TOML: `[upload]`, `[[watch]]`."""
    return f"[[{key[0]}]]" if key[-1] == "N" else f"[{join_key(key)}]"


def _row(setting: Setting) -> str:
    default = "required" if setting.default is None else f"`{setting.default}`" if setting.default else "none"
    name = setting.key.rsplit(".", 1)[-1]
    examples = ", ".join(f"`{name} = {example}`" for example in setting.examples)
    cells = (f"`{setting.key}`", setting.kind, default, setting.allowed, setting.description, examples)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _sentence(owner: type[msgspec.Struct]) -> str:
    return inspect.cleandoc(owner.__doc__ or "")


def main(arguments: list[str]) -> int:
    """The page on the command line, see `keep_current`."""
    return keep_current(render, "stationmaster.config.reference", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
