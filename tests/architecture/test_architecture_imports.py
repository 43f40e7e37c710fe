"""Directions of imports that import-linter cannot see: it takes a package from outside as one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stationmaster

ROOT = Path(stationmaster.__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}

SERVERS = (
    "stationmaster.control.server",
    "stationmaster.control.routes",
    "stationmaster.control.trial_routes",
    "stationmaster.control.canary_routes",
    "stationmaster.control.request",
    "stationmaster.control.stream",
    "stationmaster.control.pipe",
    "stationmaster.control.metrics",
    "stationmaster.embedded_server",
)


def names_of(tree: ast.AST) -> Iterator[str]:
    """Every module or attribute of a module that the code names, with dots: `aiohttp.web.Response`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def test_only_the_servers_of_the_agent_use_the_web_server_of_aiohttp() -> None:
    """It takes 10 MB and 100 ms to load: commands and workers do without."""
    users = {
        module
        for module, path in MODULES.items()
        for name in names_of(ast.parse(path.read_bytes()))
        if within(name, ("aiohttp.web",)) or name.startswith("aiohttp.web_")
    }
    assert users
    assert not [module for module in users if not within(module, SERVERS)]


@pytest.mark.parametrize(
    "code",
    [
        "from aiohttp import web",
        "import aiohttp.web",
        "import aiohttp.web as w",
        "from aiohttp.web import Response",
        "from aiohttp.web_response import Response",
        "import aiohttp\naiohttp.web.Response()",
    ],
)
def test_the_test_sees_each_way_to_name_it(code: str) -> None:
    names = list(names_of(ast.parse(code)))
    assert any(within(name, ("aiohttp.web",)) or name.startswith("aiohttp.web_") for name in names)
