"""A request that a mesh sends on to be judged: read as a gate reads it, and made into an ask.

1. What is judged is what the mesh will send: method, authority, target, headers and body as it forwards them. Lines
   that the mesh itself adds are not the agent's, and lines about our own hop are not of the request.
2. What cannot be seen cannot be judged: unless all headers and the whole body are forwarded, the answer is no.
3. A mesh changes nothing in a body and reads nothing first: a mapping that asks for a look-up is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vienna_control.intake.ask import Ask, Caller
from vienna_control.policies import Bundle
from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.mapping.mapped import Mapped
from vienna_kernel.mapping.reading import NeedsPreflight
from vienna_kernel.mapping.received import received
from vienna_kernel.value import digest, pack, plain
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.wire import REPLAY_SECONDS, CallView

_SHOWN_HEADERS = frozenset({"content-type", "accept", "user-agent", "idempotency-key"})
_OF_THE_HOP = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
_OF_THE_MESH = (b"x-envoy-", b"x-forwarded-", b"vienna-", b"x-vienna-")
_KEY = "idempotency-key"
_PARTIAL = b"x-envoy-auth-partial-body"
_WHOLE = b"false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """One request as the mesh tells it.

    Attributes:
        scheme: ``https`` or ``http``: what the mesh speaks to the upstream.
        authority: ``Host`` of the original request.
        target: Its path and query, as they were sent.
        headers: Every line that came.
        complete: The mesh says that it forwards all headers and whole bodies.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    complete: bool


def read(sent: Forwarded, bundle: Bundle) -> tuple[Call, Mapped] | Refused:
    """What the request is and would do."""
    if (missing := _unseen(sent)) is not None:
        return missing
    raw = _raw(sent)
    call = (
        raw if isinstance(raw, Refused) else received(raw, bundle.mappings, literals=lambda host, port: False)
    )
    if isinstance(call, Refused):
        return call
    found = bundle.mappings.map(call)
    if isinstance(found, NeedsPreflight):
        return Refused(
            Reason.PREFLIGHT_FAILED,
            "the mapping reads the current state first, which a mesh does not",
            "This call needs a look-up first, which is not done on this road. Do not retry; tell the user.",
        )
    return found if isinstance(found, Refused) else (call, found)


def _unseen(sent: Forwarded) -> Refused | None:
    """Why this is not all of the request; None: it is."""
    partial = [value for name, value in sent.headers if name.lower() == _PARTIAL]
    if sent.complete and all(value.lower() == _WHOLE for value in partial):
        return None
    return Refused(
        Reason.MALFORMED_REQUEST,
        "the mesh does not forward the whole request" if not sent.complete else "the body was cut",
        "This request could not be seen whole, so it was not sent. Do not retry; tell the user.",
    )


def _raw(sent: Forwarded) -> RawRequest | Refused:
    host, colon, port = sent.authority.rpartition(":")
    tls = sent.scheme == "https"
    host, number = (host, port) if colon else (sent.authority, "443" if tls else "80")
    if not (number.isascii() and number.isdecimal() and len(number) <= 5 and host):
        return Refused(Reason.TARGET_NOT_CANONICAL, "the authority is none")
    try:
        target, authority = sent.target.encode("ascii"), sent.authority.encode("ascii")
        method = sent.method.encode("ascii")
    except UnicodeEncodeError:
        return Refused(Reason.TARGET_NOT_CANONICAL, "not ASCII")
    head = [(b"Host", authority), *_own(sent.headers)]
    if sent.body:
        head.append((b"Content-Length", str(len(sent.body)).encode()))
    return RawRequest(
        scheme="https" if tls else "http",
        connect=(host, int(number)) if tls else None,
        sni=host if tls else None,
        method=method,
        target=target if tls else b"http://" + authority + target,
        http_version=b"HTTP/1.1",
        headers=tuple(head),
        body=sent.body,
    )


def _own(lines: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Lines that are the agent's."""
    told = ((name, name.lower().replace(b"_", b"-"), value) for name, value in lines)
    return [
        (name, value)
        for name, spelled, value in told
        if spelled not in _OF_THE_HOP and not spelled.startswith(_OF_THE_MESH)
    ]


def ask_of(
    caller: Caller,
    agent: str,
    call: Call,
    mapped: Mapped,
    *,
    bundle: Bundle,
    redaction_key: bytes,
    attempt: str,
    presented: str | None,
    wait: bool,
) -> Ask:
    """The ask. ``agent``: the name of whom the caller speaks for."""
    sent_key = call.header(mapped.idempotency_header or _KEY) or call.header(_KEY)
    return Ask(
        caller=caller,
        attempt=attempt,
        fingerprint=mapped.fingerprint_for(agent),
        intents=tuple(intent.redact(redaction_key) for intent in mapped.intents),
        bundle=bundle.digest,
        call=_view(call, mapped),
        mapped=mapped.mapped,
        presented=presented,
        wait=wait,
        key=digest(sent_key) if sent_key else None,
        replay_seconds=REPLAY_SECONDS if mapped.replay_seconds is None else mapped.replay_seconds,
    )


def _view(call: Call, mapped: Mapped) -> CallView:
    """The call as people may see it; nothing in it can be lowered on this road."""
    return CallView(
        method=call.method,
        url=mapped.shown_url,
        origin=call.origin,
        headers=[line for line in call.headers if line[0] in _SHOWN_HEADERS],
        body=None if mapped.shown_body is None else plain(mapped.shown_body),
        body_bytes=len(call.body),
        content_type=call.content_type,
        body_digest=call.body_digest,
        request_digest=call.request_digest,
        current={name: pack(value) for name, value in mapped.current.items()},
        unknown=list(mapped.unknown),
    )
