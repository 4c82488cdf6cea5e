"""Real HTTP servers that tell what they read: aiohttp, h11, node, and nginx and haproxy before an h11.

Each is a context manager; ``read`` is every request that it read, in order. A proxy tells twice: what it read itself,
which it hands on in lines of its own, and what the server behind it made of what it forwards.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h11
import pytest
from aiohttp import web

from harness.ports import kept_place
from harness.vienna import until

HERE = Path(__file__).parent
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Reading:
    """One request as a server understood it.

    Attributes:
        headers: Names in lower case, in order.
        between: What a proxy before it read: ``method``, ``target``, ``host``, ``path`` (decoded), as far as it tells.
    """

    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...]
    body: bytes
    between: dict[str, str] = field(default_factory=dict)

    def all(self, name: str) -> list[bytes]:
        """Values of that name, in order."""
        return [value for key, value in self.headers if key == name]


_TOLD = "x-read-"


def _reading(method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Reading:
    rows = [(name.decode("latin-1").lower(), value) for name, value in headers]
    between = {
        name.removeprefix(_TOLD): value.decode("utf-8") for name, value in rows if name.startswith(_TOLD)
    }
    return Reading(method, target, tuple(row for row in rows if not row[0].startswith(_TOLD)), body, between)


class Reader:
    """A server.

    Attributes:
        read: What it read.
        port: Where it listens, at 127.0.0.1.
    """

    def __init__(self) -> None:
        self.read: list[Reading] = []
        self.port = 0


@contextlib.contextmanager
def by_aiohttp(folder: Path) -> Iterator[Reader]:
    reader, loop = Reader(), asyncio.new_event_loop()

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        reader.read.append(_reading(request.method, request.raw_path, list(request.raw_headers), body))
        return web.Response(text="ok")

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader.port = runner.addresses[0][1]
        return runner

    runner = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@contextlib.contextmanager
def by_h11(folder: Path) -> Iterator[Reader]:
    reader = Reader()
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader.port = server.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = server.accept()
                    threading.Thread(target=_serve_h11, args=[one, reader], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield reader
        server.shutdown(socket.SHUT_RDWR)


def _serve_h11(one: socket.socket, reader: Reader) -> None:
    protocol = h11.Connection(h11.SERVER)
    with one, contextlib.suppress(OSError, h11.ProtocolError):
        while True:
            request, body = _event(one, protocol), b""
            if not isinstance(request, h11.Request):
                return
            if protocol.they_are_waiting_for_100_continue:
                one.sendall(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            while isinstance(event := _event(one, protocol), h11.Data):
                body += bytes(event.data)
            method, target = request.method.decode(), request.target.decode()
            reader.read.append(_reading(method, target, list(request.headers), body))
            one.sendall(
                protocol.send(h11.Response(status_code=200, headers=[("Content-Length", "2")])) or b""
            )
            one.sendall(
                (protocol.send(h11.Data(data=b"ok")) or b"") + (protocol.send(h11.EndOfMessage()) or b"")
            )
            if protocol.our_state is h11.MUST_CLOSE:
                return
            protocol.start_next_cycle()


def _event(one: socket.socket, protocol: h11.Connection) -> Any:
    while (event := protocol.next_event()) is h11.NEED_DATA:
        protocol.receive_data(one.recv(65536))
    return event


@contextlib.contextmanager
def _running(command: list[str], **rest: Any) -> Iterator[subprocess.Popen[str]]:
    program = command[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    with subprocess.Popen(command, text=True, **rest) as child:
        try:
            yield child
        finally:
            child.terminate()
            child.wait(10)


@contextlib.contextmanager
def by_node(folder: Path) -> Iterator[Reader]:
    reader = Reader()
    with _running(["node", str(HERE / "echo.mjs")], stdout=subprocess.PIPE) as child:
        assert child.stdout
        reader.port = json.loads(child.stdout.readline())["port"]

        def listen() -> None:
            for line in child.stdout or ():
                told = json.loads(line)
                flat = [text.encode("latin-1") for text in told["rawHeaders"]]
                headers = list(zip(flat[::2], flat[1::2], strict=True))
                reader.read.append(
                    _reading(told["method"], told["url"], headers, base64.b64decode(told["body"]))
                )

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield reader
    thread.join(5)


_NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{}}
http {{
  access_log off; client_max_body_size 0; underscores_in_headers on; ignore_invalid_headers off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Read-Method $request_method;
      proxy_set_header X-Read-Target $request_uri; proxy_set_header X-Read-Path $uri;
      proxy_set_header X-Read-Host $host;
    }}
  }}
}}
"""

_HAPROXY = """defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend in
  bind 127.0.0.1:{port}
  http-request set-header X-Read-Method %[method]
  http-request set-header X-Read-Target %[url]
  http-request set-header X-Read-Host %[req.hdr(host)]
  default_backend out
backend out
  server one 127.0.0.1:{behind}
"""


@contextlib.contextmanager
def _proxy(folder: Path, config: str, *command: str) -> Iterator[Reader]:
    with by_h11(folder) as behind, kept_place() as place:
        proxy = Reader()
        proxy.read, proxy.port = behind.read, place.getsockname()[1]
        user = "user root;" if os.getuid() == 0 else ""
        file = folder / "proxy.conf"
        file.write_text(config.format(folder=folder, port=proxy.port, behind=behind.port, user=user))
        with _running([*command, str(file)], stderr=subprocess.DEVNULL):
            until(f"{command[0]} to listen", lambda: _listens(proxy.port))
            yield proxy


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def by_nginx(folder: Path) -> Iterator[Reader]:
    with _proxy(folder, _NGINX, "nginx", "-p", str(folder), "-c") as proxy:
        yield proxy


@contextlib.contextmanager
def by_haproxy(folder: Path) -> Iterator[Reader]:
    with _proxy(folder, _HAPROXY, "haproxy", "-f") as proxy:
        yield proxy


READERS = {"aiohttp": by_aiohttp, "h11": by_h11, "node": by_node, "nginx": by_nginx, "haproxy": by_haproxy}
