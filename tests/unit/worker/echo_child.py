"""A child for the tests: does what it is told, good or bad."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from stationmaster.worker.child import serve


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def echo(message: dict[str, Any]) -> dict[str, Any]:
    return {"text": message["text"]}


def tell(_: dict[str, Any]) -> dict[str, Any]:
    return {"env": dict(os.environ), "cwd": str(Path.cwd()), "nice": os.nice(0), "stdin": sys.stdin.read()}


def refuse(message: dict[str, Any]) -> NoReturn:
    match message["how"]:
        case "os":
            raise FileNotFoundError(2, "No such file", "/nowhere")
        case "exit":
            raise SystemExit(4)
        case "unspeakable":
            raise UnspeakableError
    raise ValueError(message["how"])


def end(message: dict[str, Any]) -> NoReturn:
    sys.stdout.write("my last words\n")
    if message["how"] == "signal":
        os.kill(os.getpid(), 11)
    os._exit(int(message["how"]))


def hang(_: dict[str, Any]) -> NoReturn:
    sys.stdout.write("going to sleep\n")
    while True:
        time.sleep(60)


def hang_in_c(_: dict[str, Any]) -> dict[str, Any]:
    # holds the GIL: no Python code of this process runs any more
    ctypes.PyDLL(None).sleep(60)
    return {}


def print_much(message: dict[str, Any]) -> dict[str, Any]:
    for _ in range(message["lines"]):
        sys.stdout.write("x" * 1023 + "\n")
    if message.get("endless"):
        while True:
            os.write(1, b"y" * 65536)
    return {"printed": message["lines"]}


def eat(message: dict[str, Any]) -> dict[str, Any]:
    eaten = []
    for _ in range(message["mb"]):
        eaten.append(bytearray(b"\1" * 1024 * 1024))
        time.sleep(message.get("nap", 0))
    return {"eaten": len(eaten)}


def leave_grandchild(_: dict[str, Any]) -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return {"pid": process.pid}


def leave_fork(message: dict[str, Any]) -> dict[str, Any]:
    """A fork has all handles of its parent, which is gone or answers; the fork waits or answers too."""
    if pid := os.fork():
        if message["ends"]:
            os._exit(7)
        return {"pid": pid}
    if message["ends"]:
        time.sleep(600)
    return {"pid": 0}


def talk_rubbish(message: dict[str, Any]) -> dict[str, Any]:
    # every descriptor that is open: one of them is the channel
    for number in range(3, 64):
        try:
            os.write(number, bytes.fromhex(message["hex"]))
        except OSError:
            continue
    return {}


def main() -> None:
    handlers = (echo, tell, refuse, end, hang, hang_in_c, print_much, eat, leave_grandchild, leave_fork)
    serve({handler.__name__: handler for handler in (*handlers, talk_rubbish)})


if __name__ == "__main__":
    main()
