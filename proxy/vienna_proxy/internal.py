"""``http://vienna.internal/``: what an agent may ask the gate itself. Nothing else is there, and nobody approves there.

The rows below are the whole of it. What goes on to the control plane goes with the sidecar's key; the agent's own
credentials and headers stay behind.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from mitmproxy import http

from vienna_kernel.call.request import Call
from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render
from vienna_proxy.link.enrol import Control, Identity
from vienna_proxy.ports import UnavailableError

HOST = "vienna.internal"
_MAX_BODY = 1024 * 1024
_SECONDS, _WAIT_SECONDS = 15.0, 75.0

_ID = r"[A-Za-z0-9-]{1,80}"
_ROWS = tuple(
    (method, re.compile(pattern + r"\Z"))
    for method, pattern in (
        ("GET", rf"/api/v1/intents/{_ID}"),
        ("GET", rf"/api/v1/intents/{_ID}/wait"),
        ("GET", r"/api/v1/intents"),
        ("POST", r"/api/v1/intents"),
        ("POST", r"/api/v1/agent/intent"),
        ("POST", r"/api/v1/executions"),
        ("GET", rf"/api/v1/executions/{_ID}"),
        ("POST", r"/api/v1/warrants/verify"),
        ("POST", r"/api/v1/action-types/validate"),
    )
)
_SHORT = re.compile(rf"/intents/{_ID}(/wait)?\Z")

_HELP = """This is the gate between you and the network. Every HTTP request you send is read, and either passes at once,
waits for a person, or is refused. You need not do anything special.

If a request is answered with 403 and "Vienna-Decision: pending", people have been asked. Send the identical request
again later, or wait:     GET http://vienna.internal/intents/<Vienna-Intent>/wait?timeout=60
If it is answered with "Vienna-Decision: denied", do not retry it and do not look for a way around. Tell the user.
If it is answered with "Vienna-Reason: already_executed", it was sent before and is not sent a second time.

  GET  /ca.pem                        the certificate authority of this gate
  GET  /intents/<id>                  what became of one of your requests
  GET  /intents/<id>/wait?timeout=60  the same, once it is decided
  POST /api/v1/agent/intent           say what you want to do before you do it: {"action", "parameters", ...}
  GET  /api/v1/intents                your recent requests
  POST /api/v1/executions             report what you did under a warrant
  POST /api/v1/warrants/verify        check a warrant
  POST /api/v1/action-types/validate  check parameters

A warrant you were given is presented with the request it is for, in the header Vienna-Warrant.
"""


def is_internal(call: Call) -> bool:
    """Whether the gate itself is asked, on the default ports."""
    return call.host == HOST and call.port in (80, 443)


def _plain(status: int, content: bytes, kind: str) -> http.Response:
    now = time.time()
    fields = [
        (b"Content-Type", kind.encode("latin-1", "replace")),
        (b"Content-Length", str(len(content)).encode()),
        (b"Cache-Control", b"no-store"),
    ]
    return http.Response(b"HTTP/1.1", status, b"", http.Headers(fields), content, None, now, now)


class Internal:
    """Answers for ``vienna.internal``."""

    def __init__(self, control: Control, identity: Callable[[], Identity]) -> None:
        self._control = control
        self._identity = identity

    async def answer(self, call: Call) -> http.Response:
        """The answer to one call. Never raises for the world's faults."""
        accept = call.header("accept") or ""
        if call.method == "GET" and call.path == "/":
            return _plain(200, _HELP.encode(), "text/plain; charset=utf-8")
        if call.method == "GET" and call.path == "/ca.pem":
            return _plain(200, self._identity().root_ca.encode(), "application/x-pem-file")
        path = f"/api/v1{call.path}" if _SHORT.match(call.path) else call.path
        if not any(method == call.method and pattern.match(path) for method, pattern in _ROWS):
            lost = "There is nothing here. See http://vienna.internal/ for what there is."
            return render(Answer(reason=Reason.ADDRESS_REFUSED, status=404, detail=lost), accept=accept)
        if len(call.body) > _MAX_BODY:
            return render(Answer(reason=Reason.BODY_TOO_LARGE), accept=accept)
        try:
            status, content, kind = await self._control.call(
                call.method,
                f"{path}?{call.query}" if call.query else path,
                key=self._identity().api_key,
                body=call.body if call.method == "POST" else None,
                seconds=_WAIT_SECONDS if path.endswith("/wait") else _SECONDS,
            )
        except UnavailableError:
            return render(Answer(reason=Reason.CONTROL_UNAVAILABLE), accept=accept)
        return _plain(status, content, kind or "application/json")
