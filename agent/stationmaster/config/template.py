"""The settings file of a fresh instance."""

from __future__ import annotations

import json
from uuid import UUID

_TEXT = """\
# Stationmaster instance "{name}". docs/settings.md describes every setting.
# Edit by hand or with `stationmaster instance edit {name}`; the agent notices both.
# Times are in seconds unless the name says otherwise. What is not set here has its default.

schema = {schema}
# Part of every report's identity: never change it, never copy it to another instance.
id = "{id}"
enabled = true

# The WATS server. The token does not stand here: [secrets] says where it lies.
[server]
url = {url}

# What reports say about this station where the result file says nothing.
[station]

# How many reports go to the server at once.
[upload]

# Limits of the worker processes that convert result files.
[convert]

# How long delivered reports stay on this machine.
[retention]

# Where the token is kept.
[secrets]

# Folders where result files appear: one [[watch]] for each.
"""


def fresh(name: str, url: str, identity: UUID, schema: int) -> str:
    """Text of a new instance's settings file; the values are checked by whoever reads it."""
    # A JSON string is a TOML basic string: the same escapes.
    return _TEXT.format(name=name, schema=schema, id=identity, url=json.dumps(url, ensure_ascii=True))
