"""What the tests of the command line share: the command itself, and a TLS server that only our CA vouches for."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from harness import forks
from harness.vienna import Vienna
from vienna_cli.demo import props, toy
from vienna_cli.main import COMMANDS

_ASKS = set(COMMANDS) - {"bench", "control", "demo", "proxy", "redirect", "run", "test", "up"}
"""Commands that ask, tell and end."""


@dataclass
class Command:
    """Runs ``vienna`` in a folder of its own, without settings of this machine."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def by(self, vienna: Vienna, who: str) -> Command:
        """The same for one of its people."""
        key = vienna.people[who].api_key
        return Command(self.folder, {**self.environ, "VIENNA_URL": vienna.url, "VIENNA_API_KEY": key})

    def __call__(
        self, *arguments: str, stdin: str = "", timeout: float = 100
    ) -> subprocess.CompletedProcess[str]:
        if arguments and arguments[0] in _ASKS and forks.can("vienna_cli", self.environ):
            given = list(arguments)
            return forks.run(
                "vienna_cli", given, env=self.environ, folder=self.folder, stdin=stdin, timeout=timeout
            )
        return subprocess.run(
            [sys.executable, "-m", "vienna_cli", *arguments],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def plain(folder: Path) -> dict[str, str]:
    """As after ``env -i``: only what any program needs."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    return plain(tmp_path)


@pytest.fixture(scope="session")
def command() -> Callable[[Path], Command]:
    """``vienna`` in a folder."""
    return lambda folder: Command(folder, plain(folder))


@pytest.fixture
def cli(tmp_path: Path, command: Callable[[Path], Command]) -> Command:
    return command(tmp_path)


@dataclass
class Server:
    """An HTTPS server on 127.0.0.1 under a CA that nobody knows."""

    url: str
    ca: Path


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    context = toy.certificate(folder)
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", _answer)
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port: int = runner.addresses[0][1]
        return port

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield Server(f"https://127.0.0.1:{port}/", folder / props.CA_FILE)
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _answer(_: web.Request) -> web.Response:
    return web.Response(text=json.dumps({"hello": "there"}))
