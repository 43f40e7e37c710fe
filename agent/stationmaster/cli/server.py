"""`stationmaster server run`: the embedded server, to try and to test things with."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stationmaster.cli.output import say
from stationmaster.cli.session import home, run
from stationmaster.home.paths import make_private

if TYPE_CHECKING:
    from stationmaster.embedded_server import ServerSettings

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
    processes: Annotated[
        Path | None, typer.Option(help="JSON file with the processes that it knows; else a built-in list.")
    ] = None,
    strict_loops: Annotated[
        bool, typer.Option("--strict-loops", help="Refuse loops whose steps differ from their summary.")
    ] = False,
) -> None:
    """Run it in the foreground. It listens on this computer only; its page lists the reports."""
    token = typer.get_text_stream("stdin").readline().strip() if token_stdin else None
    place = database or home().data / "embedded-server.db"
    make_private(place.parent)
    from stationmaster.embedded_server import ServerSettings  # noqa: PLC0415 - loads aiohttp.web

    settings = ServerSettings(
        port=port, database=place, token=token, processes=processes, strict_loops=strict_loops
    )
    run(_serve(settings))


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
