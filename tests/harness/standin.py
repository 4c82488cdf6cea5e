"""A stand-in for somebody's API: official clients, unmodified, make their requests to it over real sockets.

    answers = [
        Answer("GET", "/v1/charges/{id}", body=lambda asked: {"id": asked.vars["id"], "amount": 500}),
        Answer("POST", "/v1/refunds", 503, times=1),            # the first time, then the next row
        Answer("POST", "/v1/refunds", body={"id": "re_1"}),
    ]
    with Standin("api.stripe.com", answers=answers) as standin:
        ...                                                     # the client calls
    standin.calls                                               # what it put on the wire, and what it was told

One loopback port takes every road a client knows, told apart by the first bytes:

1. as its proxy (``standin.environment``): CONNECT, then TLS with a certificate of ``standin.ca`` for whatever name the
   hello has. The request is to the API's own host; nothing in it is touched. The best road: use it when you can.
2. by a base URL (``standin.url`` with TLS, ``standin.plain_url`` without): the request is recorded as if it had been
   made to the API's host; its ``Host`` line, and nothing else, is written anew.

Requests are kept as their bytes came: lines in order, names as sent, folds and all; only chunks are undone. Nothing
is upgraded to another protocol, whoever asks. What no row answers gets a 404 and fails the test when the ``with`` ends.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import re
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.certificates import Authority

MAX_HEAD_BYTES = 1 << 20
_BODILESS = {204, 304}
_PROXY_NAMES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_TRUST_NAMES = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS", "PIP_CERT", "TWINE_CERT", "npm_config_cafile", "HTTPLIB2_CA_CERTS",
)  # fmt: skip
_NOT_PROXIED = "127.0.0.1"  # a base URL is called directly; empty would mean everyone to httplib2
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came over the wire.

    Attributes:
        scheme: ``http`` or ``https``, as the API's host is called.
        connect: Target of the CONNECT; by a base URL: the API's host.
        sni: Name in the TLS hello; by a base URL: the API's host.
        headers: Lines in order, names as sent, values without what surrounds them.
        body: De-chunked.
        head: The exact bytes up to and including the empty line.
        vars: What the variables of the answering row's path matched.
    """

    scheme: str
    connect: tuple[str, int] | None
    sni: str | None
    method: bytes
    target: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    head: bytes
    vars: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """As sent, without the query."""
        return self.origin_form.partition("?")[0]

    @property
    def origin_form(self) -> str:
        target = self.target.decode("latin-1")
        return target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.origin_form.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def host(self) -> str:
        return (self.header("host") or "").partition(":")[0]

    def header(self, name: str) -> str | None:
        """Value of the first line of that name, any case."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), None)

    def __str__(self) -> str:
        return f"{self.method.decode('latin-1')} {self.scheme}://{self.header('host')}{self.origin_form}"


@dataclass(frozen=True)
class Answer:
    """A row: which requests it answers, and how.

    Attributes:
        method: Exact, several as ``GET|POST``, or ``*``.
        path: With ``{var}`` for one segment and ``{var+}`` for the rest, or ``*``; the query does not count.
        body: Bytes and text go as they are; anything else as JSON; a function of the request gives either, or another
            ``Answer`` whose method and path do not matter.
        headers: In order; ``Content-Type`` is JSON's where a JSON body has none, ``Content-Length`` is written anew.
        when: Further condition.
        times: How often the row answers; then the next that fits does.
        chunked: Whether the body goes in chunks.
    """

    method: str
    path: str
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    when: Callable[[Asked], bool] = lambda asked: True
    times: int | None = None
    chunked: bool = False

    def match(self, asked: Asked) -> dict[str, str] | None:
        """Values of the path's variables, None when the row is for others."""
        if self.method != "*" and asked.method.decode("latin-1") not in self.method.split("|"):
            return None
        if self.path == "*":
            return {} if self.when(asked) else None
        found = re.fullmatch(_pattern(self.path), asked.path)
        values = {name: unquote(text) for name, text in found.groupdict().items()} if found else None
        return values if values is not None and self.when(replace(asked, vars=values)) else None

    def settle(self, asked: Asked) -> Answer:
        """The same with bytes for a body."""
        body = self.body(asked) if callable(self.body) else self.body
        if isinstance(body, Answer):
            return body.settle(asked)
        if body is None or isinstance(body, bytes):
            return replace(self, body=body or b"")
        if isinstance(body, str):
            return replace(self, body=body.encode())
        typed = {"Content-Type": "application/json"} if not _has(self.headers, "content-type") else {}
        return replace(self, body=json.dumps(body).encode(), headers={**typed, **self.headers})


def _has(headers: Mapping[str, str], name: str) -> bool:
    return any(key.lower() == name for key in headers)


def _pattern(path: str) -> str:
    parts = re.split(r"\{([a-z_0-9]+)(\+?)\}", path)
    text = re.escape(parts[0])
    for name, rest, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{name}>{'.+' if rest else '[^/]+'})" + re.escape(after)
    return text


@dataclass(frozen=True)
class Exchange:
    """One request and what it was told.

    Attributes:
        answer: With bytes for a body.
        planned: Whether a row answered it.
        standin: Whom it was made to.
    """

    asked: Asked
    answer: Answer
    planned: bool
    standin: Standin = field(repr=False, compare=False)


class Standin:
    """Answers for one host, or several; start it with ``with``.

    Args:
        host: The API's ``host`` or ``host:port``, several of them, ``*.amazonaws.com``. For clients that come by a base
            URL where there are several: a function that tells which one a request is to.
        answers: The first row that fits answers.
        scheme: How the API itself is called.

    Attributes:
        calls: Every request in the order in which they were complete.
        preflights: Reads that were asked for afterwards, by ``read``; not among ``calls``.
        ca: PEM file of the root that clients must trust.
    """

    def __init__(
        self,
        host: str | Sequence[str] | Callable[[Asked], str],
        answers: Sequence[Answer] = (),
        *,
        scheme: str = "https",
        strict: bool = True,
    ) -> None:
        self.calls: list[Exchange] = []
        self.preflights: list[Exchange] = []
        self._host = host
        self._scheme = scheme
        self._strict = strict
        self._left = [[answer, answer.times] for answer in answers]
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True)
        self._authority = Authority(Path(self._folder.name), "Stand-in root")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.ca = self._authority.path
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Standin:
        threading.Thread(target=self._accept, name="standin", daemon=True).start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._lock:
            ends = [self._listener, *self._open]
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._folder.cleanup()
        if kind is None and self._strict:
            unplanned = [str(call.asked) for call in self.calls if not call.planned]
            assert not unplanned, f"no row answers {unplanned}"

    @property
    def url(self) -> str:
        """Base URL with TLS, no slash at the end."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def plain_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What sends clients here as their proxy, with the root they must trust, under every usual name."""
        proxies = dict.fromkeys(_PROXY_NAMES, self.plain_url)
        trust = dict.fromkeys(_TRUST_NAMES, str(self.ca))
        return {**proxies, **trust, **dict.fromkeys(("NO_PROXY", "no_proxy"), _NOT_PROXIED)}

    def add(self, *answers: Answer) -> None:
        """Further rows, before those that are there."""
        with self._lock:
            self._left[:0] = [[answer, answer.times] for answer in answers]

    def fail_next(self, status: int = 503, *, times: int = 1, body: Any = b"", **headers: str) -> None:
        """Answer the next request, whatever it is, so; ``retry_after="0"`` is the line ``Retry-After: 0``."""
        lines = {name.replace("_", "-").title(): text for name, text in headers.items()}
        self.add(Answer("*", "*", status, body, lines, times=times))

    @property
    def last(self) -> Exchange:
        assert self.calls, "no request came"
        return self.calls[-1]

    def preflight(self, before: Exchange, method: str, target: str) -> Answer:
        """What a read on the same host says, made with the headers of ``before``."""
        asked = replace(before.asked, method=method.encode(), target=target.encode(), body=b"", vars={})
        answer, planned = self._choose(asked)
        assert planned, f"no row answers the preflight {asked}"
        self.preflights.append(Exchange(asked, answer, planned, self))
        return answer

    def _choose(self, asked: Asked) -> tuple[Answer, bool]:
        with self._lock:
            for row in self._left:
                answer, left = row
                values = answer.match(asked) if left is None or left > 0 else None
                if values is not None:
                    row[1] = None if left is None else left - 1
                    break
            else:
                told = {"error": f"the stand-in has no row for {asked}"}
                return Answer("", "", 404, told).settle(asked), False
        return answer.settle(replace(asked, vars=values)), True

    def stands_for(self, name: str) -> bool:
        """Whether a tunnel to ``name`` leads here."""
        if callable(self._host):
            return True
        hosts = [self._host] if isinstance(self._host, str) else self._host
        return any(fnmatch.fnmatch(name.lower(), host.partition(":")[0]) for host in hosts)

    def _accept(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(end)
            threading.Thread(target=self._serve, args=(end,), name="standin-call", daemon=True).start()

    def _serve(self, end: socket.socket) -> None:
        held = end
        try:
            if end.recv(1, socket.MSG_PEEK) == b"\x16":
                held, sni = self._tls(end)
                _Connection(self, held, sni=sni).run()
            else:
                connection = _Connection(self, end)
                connection.run()
                if connection.tunnel is not None:
                    held, sni = self._tls(end)
                    _Connection(self, held, sni=sni, connect=connection.tunnel).run()
        except (OSError, EOFError):
            pass  # the client is gone, or the test is over
        finally:
            with self._lock:
                self._open -= {end, held}
            held.close()

    def _tls(self, end: socket.socket) -> tuple[ssl.SSLSocket, str | None]:
        names: list[str] = []

        def choose(wrapped: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name:
                names.append(name)
                wrapped.context = self._context(name)

        context = self._fresh_context("127.0.0.1")
        context.sni_callback = choose  # type: ignore[assignment]
        held = context.wrap_socket(end, server_side=True)
        with self._lock:
            self._open.add(held)
        return held, names[-1] if names else None

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            self._contexts[name] = self._fresh_context(name)
        return self._contexts[name]

    def _fresh_context(self, name: str) -> ssl.SSLContext:
        with self._lock:
            return self._authority.server_context([name])

    def _placed(self, asked: Asked) -> Asked:
        """A request that came by a base URL, as it would have come to the API's own host."""
        if callable(self._host):
            place = self._host(asked)
        else:
            place = self._host if isinstance(self._host, str) else self._host[0]
        name, _, port = place.partition(":")
        lines = tuple(
            (key, place.encode() if key.lower() == b"host" else value) for key, value in asked.headers
        )
        if self._scheme == "http":
            return replace(asked, scheme="http", connect=None, sni=None, headers=lines)
        return replace(asked, scheme="https", connect=(name, int(port or 443)), sni=name, headers=lines)

    def take(self, asked: Asked, *, placed: bool) -> Answer:
        """Record one request and say what to answer."""
        asked = asked if placed else self._placed(asked)
        answer, planned = self._choose(asked)
        exchange = Exchange(asked, answer, planned, self)
        with self._lock:
            self.calls.append(exchange)
        return answer


class _Connection:
    """One connection, read and answered until it ends.

    Attributes:
        tunnel: Where a CONNECT asked to be led; the connection is the tunnel's from then on.
    """

    def __init__(
        self,
        standin: Standin,
        end: socket.socket,
        *,
        sni: str | None = None,
        connect: tuple[str, int] | None = None,
    ) -> None:
        self._standin = standin
        self._end = end
        self._sni = sni
        self._connect = connect
        self._buffer = b""
        self.tunnel: tuple[str, int] | None = None

    def run(self) -> None:
        while self.tunnel is None and self._one():
            pass

    def _fill(self) -> None:
        more = self._end.recv(65536)
        if not more:
            raise EOFError
        self._buffer += more

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            assert len(self._buffer) < MAX_HEAD_BYTES
            self._fill()
        taken, _, self._buffer = self._buffer.partition(mark)
        return taken + mark

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            body += self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n") != b"\r\n":
            pass  # trailers
        return body

    def _body(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        named = {name.lower(): value.lower() for name, value in headers}
        if named.get(b"expect") == b"100-continue":
            self._end.sendall(_CONTINUE)
        if named.get(b"transfer-encoding", b"") == b"chunked":
            return self._chunks()
        return self._exactly(int(named.get(b"content-length", b"0")))

    def _one(self) -> bool:
        head = self._until(b"\r\n\r\n")
        start, *rest = head[:-4].split(b"\r\n")
        method, target, version = start.split(b" ")
        headers = _lines(rest)
        if method == b"CONNECT":
            return self._tunnel(target)
        asked = Asked(
            scheme="https" if isinstance(self._end, ssl.SSLSocket) else "http",
            connect=self._connect,
            sni=self._sni,
            method=method,
            target=target,
            version=version,
            headers=headers,
            body=self._body(headers),
            head=head,
        )
        placed = self._connect is not None or not target.startswith(b"/")
        answer = self._standin.take(asked, placed=placed)
        last = version == b"HTTP/1.0" or (asked.header("connection") or "").lower() == "close"
        self._end.sendall(_answered(answer, head_only=method == b"HEAD", last=last))
        return not last

    def _tunnel(self, target: bytes) -> bool:
        name, _, port = target.decode("ascii").rpartition(":")
        if not self._standin.stands_for(name):
            self._end.sendall(b"HTTP/1.1 502 Not the host of this stand-in\r\ncontent-length: 0\r\n\r\n")
            return False
        self._end.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        self.tunnel = name, int(port)
        return False


def _lines(raw: Sequence[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines; a folded one belongs to the one before it, fold included."""
    found: list[tuple[bytes, bytes]] = []
    for line in raw:
        if line[:1] in (b" ", b"\t") and found:
            name, value = found[-1]
            found[-1] = name, value + b"\r\n" + line
        else:
            name, _, value = line.partition(b":")
            found.append((name, value.strip(b" \t")))
    return tuple(found)


def _answered(answer: Answer, *, head_only: bool, last: bool) -> bytes:
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.chunked:
        lines.append("Transfer-Encoding: chunked")
    elif answer.status not in _BODILESS and not _has(answer.headers, "content-length"):
        lines.append(f"Content-Length: {len(answer.body)}")
    if last:
        lines.append("Connection: close")
    head = "\r\n".join([f"HTTP/1.1 {answer.status} Answer", *lines, "", ""]).encode("latin-1")
    if head_only or answer.status in _BODILESS:
        return head
    if answer.chunked:
        chunk = b"%x\r\n%b\r\n" % (len(answer.body), answer.body) if answer.body else b""
        return head + chunk + b"0\r\n\r\n"
    return head + bytes(answer.body)
