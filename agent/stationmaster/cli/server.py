"""`stationmaster server run`: the embedded server, to try and to test things with."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from stationmaster.cli.output import say
from stationmaster.cli.session import home, run
from stationmaster.home.paths import make_private

app = typer.Typer(help="A WATS-compatible server on this computer, to try things with.", no_args_is_help=True)


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
) -> None:
    """Run it in the foreground. It listens on this computer only; its page lists the reports."""
    token = typer.get_text_stream("stdin").readline().strip() if token_stdin else None
    place = database or home().data / "embedded-server.db"
    make_private(place.parent)
    run(_serve(port, place, token))


async def _serve(port: int, database: Path, token: str | None) -> None:
    from stationmaster.embedded_server import ServerSettings, serve  # noqa: PLC0415 - loads aiohttp.web

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            break

    def ready(url: str) -> None:
        say(f"Serving on {url} (open it in a browser); reports are kept in {database}. Ctrl+C ends it.")

    await serve(ServerSettings(port=port, database=database, token=token), ready, stop)
