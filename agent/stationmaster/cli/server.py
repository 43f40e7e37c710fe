"""`stationmaster server run`: the embedded server, to try and to test things with."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.agent import Json
from stationmaster.cli.doctor import failed, patient_with_nobody, tell, told
from stationmaster.cli.exit import Exit
from stationmaster.cli.output import ago, print_json, say, table
from stationmaster.cli.queue import one_instance
from stationmaster.cli.session import agent, fail, home, run
from stationmaster.control.protocol import ServerProcesses, TestConnectionRequest
from stationmaster.errors import ConfigError, NoAgentError
from stationmaster.home.owner import become_owner
from stationmaster.home.paths import make_private
from stationmaster.model import Check

if TYPE_CHECKING:
    from stationmaster.embedded_server import ServerSettings

app = typer.Typer(help="A WATS-compatible server to try things with; the way to yours.", no_args_is_help=True)


@app.command("run")
def run_server(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    database: Annotated[
        Path | None, typer.Option(help="Where it keeps reports; by default in the home's data folder.")
    ] = None,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token that it asks for from standard input.")
    ] = False,
    processes: Annotated[
        Path | None, typer.Option(help="JSON file with the processes that it knows; else a built-in list.")
    ] = None,
    strict_loops: Annotated[
        bool, typer.Option("--strict-loops", help="Refuse loops whose steps differ from their summary.")
    ] = False,
) -> None:
    """Run it in the foreground. It listens on this computer only; its page lists the reports."""
    token = typer.get_text_stream("stdin").readline().strip() if token_stdin else None
    place = database or home().embedded_server
    make_private(place.parent)
    from stationmaster.embedded_server import ServerSettings  # noqa: PLC0415 - loads aiohttp.web

    settings = ServerSettings(
        port=port, database=place, token=token, processes=processes, strict_loops=strict_loops
    )
    run(_serve(settings))


@app.command("test")
def try_way(
    instance: Annotated[str | None, typer.Argument(help="An instance: its settings and its token.")] = None,
    *,
    url: Annotated[str, typer.Option(help="Address of a WATS server that no instance has yet.")] = "",
    proxy: Annotated[str, typer.Option(help="With --url: the proxy on the way.")] = "",
    ca_file: Annotated[str, typer.Option(help="With --url: further root certificates, PEM.")] = "",
    client_cert: Annotated[str, typer.Option(help="With --url: this station's certificate, PEM.")] = "",
    client_key: Annotated[str, typer.Option(help="With --url: its private key, PEM.")] = "",
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="With --url: read the token from standard input.")
    ] = False,
    json: Json = False,
) -> None:
    """Try the way to a WATS server, hop by hop, without sending a report."""
    if bool(instance) == bool(url):
        fail(ConfigError("Which server?", next_step="Name an instance, or give --url."))
    token = typer.get_text_stream("stdin").readline().strip() if token_stdin else None
    request = TestConnectionRequest(
        server=url,
        proxy=proxy,
        ca_file=ca_file,
        client_cert=client_cert,
        client_key=client_key,
        token=token,
    )
    kind = "" if json else url or "Agent"
    way = told([instance], way_only=True, kind=kind) if instance else _way(request, kind)
    checks = run(way)
    if json:
        print_json("connection", {"ok": not failed(checks), "checks": checks})
    if failed(checks):
        raise typer.Exit(Exit.NEEDS_PERSON)


@app.command("processes")
def show_processes(
    instance: Annotated[
        str | None, typer.Argument(help="Whose server; not needed where there is one instance.")
    ] = None,
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the server now.")] = False,
    json: Json = False,
) -> None:
    """List the processes (test and repair operations) that the server knows, with their codes."""

    async def ask() -> ServerProcesses:
        async with agent() as client:
            return await client.processes(await one_instance(client, instance or ""), refresh=refresh)

    found = run(ask())
    if json:
        print_json("processes", found)
    elif found.fetched_at is None:
        say("The server has not been asked for its processes yet: use --refresh")
    else:
        rows = [
            (str(one.code), one.name, ", ".join(one.kinds) or "-", "" if one.active else "out of use")
            for one in found.processes
        ]
        table("", ("Code", "Process", "For", ""), rows)
        say(f"From {found.server}, asked {ago(found.fetched_at, datetime.now(UTC))} ago.")


async def _way(request: TestConnectionRequest, kind: str) -> list[Check]:
    return await tell(await _asked(request), kind)


async def _asked(request: TestConnectionRequest) -> AsyncGenerator[Check]:
    """Through the agent where one runs; not `with_agent`: what was told must not be told again."""
    try:
        async with agent() as client:
            await client.status()
    except NoAgentError:
        from stationmaster.clock import Clock  # noqa: PLC0415 - as below
        from stationmaster.diagnostics.doctor import try_connection  # noqa: PLC0415 - loads all parts

        become_owner(home())
        patient_with_nobody()
        return try_connection(request, clock=Clock())
    return _through_agent(request)


async def _through_agent(request: TestConnectionRequest) -> AsyncGenerator[Check]:
    async with agent() as client:
        async for check in client.test_connection(request):
            yield check


async def _serve(settings: ServerSettings) -> None:
    from stationmaster.embedded_server import serve  # noqa: PLC0415 - as above

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            break

    def ready(url: str) -> None:
        kept = f"reports are kept in {settings.database}"
        say(f"Serving on {url} (open it in a browser); {kept}. Ctrl+C ends it.")

    await serve(settings, ready, stop)
