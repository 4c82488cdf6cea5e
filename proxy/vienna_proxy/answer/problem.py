"""How the agent is told: one problem body that every common client shows, and the headers around it.

1. ``detail`` is written for a model: what, why, may it retry, what to do instead. At most 400 characters, one line,
   no control and no bidirectional characters, because it goes into prompts, logs and terminals.
2. Statuses and retry headers are chosen by what real clients do with them: 403 is final for all of them, 5xx with
   ``x-should-retry: false`` for most.
3. The reason stands in the status line as well; requests and httpx print nothing else.
"""

from __future__ import annotations

import html
import time
import unicodedata
from dataclasses import dataclass

import orjson
from mitmproxy import http

from vienna_kernel.verdict import Reason

HOME = "http://vienna.internal"
_DETAIL_CHARS = 400
_PHRASE_CHARS = 120


@dataclass(frozen=True, slots=True)
class _Row:
    status: int
    title: str
    hint: str
    retryable: bool = False
    retry_after: int | None = None


_DENIED = "Do not retry; ask the user."
_BROKEN = "Nothing was sent. Report this to whoever runs the gate."

_ROWS: dict[Reason, _Row] = {
    Reason.MALFORMED_REQUEST: _Row(400, "Malformed request", "The request has no valid HTTP reading."),
    Reason.AMBIGUOUS_REQUEST: _Row(
        400, "Ambiguous request", "The request could be read in more than one way."
    ),
    Reason.TARGET_MISMATCH: _Row(
        400, "Target mismatch", "CONNECT, TLS server name, Host and URL must name one host."
    ),
    Reason.TARGET_NOT_CANONICAL: _Row(
        400, "Target not canonical", "Send the path and query in canonical form."
    ),
    Reason.METHOD_OVERRIDE: _Row(400, "Method override", "Send the real method instead of overriding it."),
    Reason.UNSUPPORTED_PROTOCOL: _Row(
        400,
        "Unsupported protocol",
        "Only HTTP/1.1 requests pass; no upgrades, WebSockets or raw connections.",
    ),
    Reason.UNSUPPORTED_ENCODING: _Row(
        415, "Unsupported encoding", "Send the body uncompressed and in UTF-8."
    ),
    Reason.UNDECODABLE_BODY: _Row(
        400, "Undecodable body", "The body does not decode as its content type says."
    ),
    Reason.BODY_TOO_LARGE: _Row(413, "Body too large", "The body is larger than what can be inspected."),
    Reason.ADDRESS_REFUSED: _Row(
        403, "Address refused", "This address may not be called from here. " + _DENIED
    ),
    Reason.UNMAPPED_ACTION: _Row(
        403, "Unmapped action", "No mapping says what this request does, so it may not be sent. " + _DENIED
    ),
    Reason.UNKNOWN_PARAMETER: _Row(
        400, "Unknown parameter", "The request has a parameter that is not known."
    ),
    Reason.INVALID_PARAMETER: _Row(400, "Invalid parameter", "A parameter has a value of the wrong kind."),
    Reason.PREFLIGHT_FAILED: _Row(
        502,
        "Preflight failed",
        "What this request refers to could not be looked up, so it was not sent.",
        True,
        5,
    ),
    Reason.ACTION_NOT_ALLOWED: _Row(403, "Action not allowed", "This agent may not do this. " + _DENIED),
    Reason.POLICY_DENIED: _Row(403, "Denied by policy", "Policy denies this. " + _DENIED),
    Reason.NO_RULE_MATCHED: _Row(403, "Denied by policy", "No policy rule allows this. " + _DENIED),
    Reason.RATE_LIMITED: _Row(429, "Rate limited", "Too many such calls. Wait before you retry.", True, 60),
    Reason.BUDGET_EXCEEDED: _Row(429, "Budget exceeded", "The budget for this is used up."),
    Reason.APPROVAL_PENDING: _Row(
        403,
        "Approval pending",
        "People have been asked and have not answered yet. Send the identical request later.",
        True,
        30,
    ),
    Reason.APPROVAL_DENIED: _Row(403, "Denied by approver", "A person said no. " + _DENIED),
    Reason.APPROVAL_EXPIRED: _Row(403, "Approval expired", "Nobody answered in time. " + _DENIED),
    Reason.APPROVAL_CANCELLED: _Row(403, "Approval cancelled", "The request was called back. " + _DENIED),
    Reason.AGENT_UNKNOWN: _Row(403, "Agent unknown", "This agent is not registered. " + _DENIED),
    Reason.AGENT_SUSPENDED: _Row(403, "Agent suspended", "This agent is suspended. Stop, and tell the user."),
    Reason.FROZEN: _Row(
        403, "Frozen", "An operator has stopped such calls for now. Stop, and tell the user."
    ),
    Reason.TOO_MANY_HELD: _Row(
        429, "Too many held", "Too many calls of this agent wait for people.", True, 30
    ),
    Reason.RESPONSE_DRIFT: _Row(
        403,
        "Answer withheld",
        "The request was sent, but the upstream did something else than approved. Do not retry; tell the user.",
    ),
    Reason.RESPONSE_INVALID: _Row(
        502,
        "Invalid response",
        "The upstream's answer was not valid HTTP. Check what happened before a retry.",
    ),
    Reason.UPSTREAM_UNREACHABLE: _Row(
        502, "Upstream unreachable", "The upstream could not be reached; nothing was sent.", True, 5
    ),
    Reason.OUTCOME_UNKNOWN: _Row(
        502, "Outcome unknown", "The request was sent and no answer came. Check what happened before a retry."
    ),
    Reason.CONTROL_UNAVAILABLE: _Row(
        503,
        "Control unavailable",
        "Nobody can decide about this right now; nothing was sent. Retry later.",
        True,
        5,
    ),
    Reason.AUDIT_UNAVAILABLE: _Row(
        503,
        "Audit unavailable",
        "This cannot be recorded right now, so it was not sent. Retry later.",
        True,
        5,
    ),
    Reason.INTERNAL_ERROR: _Row(500, "Internal error", "The gate failed and refused. " + _BROKEN),
}
_WARRANT_ROW = _Row(403, "Warrant refused", "The presented warrant does not permit this request. " + _DENIED)

_TYPES = {400: "ValidationException", 413: "ValidationException", 429: "ThrottlingException"}
_STATES = {
    400: "INVALID_ARGUMENT",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
}
_FIVES = {500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the agent is told instead of the upstream's answer.

    Attributes:
        detail: Empty: the reason's own text.
        decision: ``Vienna-Decision``.
        status: None: the reason's own.
        retry_after_seconds: None: the reason's own, if it has one.
        sent: The request left all the same; only its answer is not handed on.
    """

    reason: Reason
    detail: str = ""
    decision: str = "denied"
    status: int | None = None
    intent_id: str | None = None
    approval_id: str | None = None
    warrant_id: str | None = None
    rule: str | None = None
    retryable: bool | None = None
    retry_after_seconds: int | None = None
    next_step: str = ""
    sent: bool = False

    @property
    def row(self) -> _Row:
        return _ROWS.get(self.reason, _WARRANT_ROW)


def clean(text: str, limit: int = _DETAIL_CHARS) -> str:
    """One line of printable text: control, format (bidirectional among them) and private characters gone."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn"))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def phrase(answer: Answer, detail: str) -> str:
    """The reason phrase: printable ASCII, at most 120 characters."""
    word = {"pending": "Pending at Vienna", "expired": "Expired at Vienna"}.get(
        answer.decision, "Denied by Vienna"
    )
    if answer.sent:
        word = "Withheld by Vienna"
    elif answer.row.status >= 500:
        word = "Not sent by Vienna"
    plain = unicodedata.normalize("NFKD", f"{word}: {detail}").encode("ascii", "ignore").decode()
    return plain if len(plain) <= _PHRASE_CHARS else plain[: _PHRASE_CHARS - 3] + "..."


def problem(answer: Answer) -> dict[str, object]:
    """The body: RFC 9457, with the members that the SDKs of many vendors look for."""
    row = answer.row
    status = answer.status or row.status
    detail = clean(answer.detail) or row.hint
    retryable = row.retryable if answer.retryable is None else answer.retryable
    state = _STATES.get(status) or _FIVES.get(status, "PERMISSION_DENIED")
    kind = "vienna_pending" if answer.decision == "pending" else "vienna_denied"
    body: dict[str, object] = {
        "type": f"urn:vienna:problem:{answer.reason.value.replace('_', '-')}",
        "title": row.title,
        "status": status,
        "detail": detail,
        "reason": answer.reason.value,
        "retryable": retryable,
        "next_step": clean(answer.next_step) or _next_step(answer, retryable=retryable),
        "message": detail,
        "__type": _TYPES.get(
            status, "AccessDeniedException" if status < 500 else "ServiceUnavailableException"
        ),
        "error": {"type": kind, "code": status, "status": state, "message": detail},
        "errors": [{"message": detail}],
    }
    optional = {"rule": answer.rule, "intent": answer.intent_id, "approval": answer.approval_id}
    body |= {name: value for name, value in optional.items() if value}
    if answer.intent_id:
        body["instance"] = f"{HOME}/intents/{answer.intent_id}"
    return body


def _next_step(answer: Answer, *, retryable: bool) -> str:
    if answer.decision == "pending":
        return "Send the identical request again later, or wait at the Location. Do not change it: that asks anew."
    return "Retry after a while." if retryable else "Do not retry. Tell the user what was refused and why."


def _headers(answer: Answer, body: dict[str, object]) -> list[tuple[bytes, bytes]]:
    retryable = bool(body["retryable"])
    pairs: list[tuple[str, str | None]] = [
        ("Vienna-Decision", answer.decision),
        ("Vienna-Reason", answer.reason.value),
        ("Vienna-Intent", answer.intent_id),
        ("Vienna-Approval", answer.approval_id),
        ("Vienna-Warrant-Id", answer.warrant_id),
        ("Cache-Control", "no-store"),
        ("Preference-Applied", "respond-async" if answer.status == 202 else None),
    ]
    if answer.decision == "pending" or not retryable:
        pairs += [("x-should-retry", "false"), ("Stripe-Should-Retry", "false")]
    if retryable:
        seconds = (
            answer.retry_after_seconds if answer.retry_after_seconds is not None else answer.row.retry_after
        )
        pairs.append(("Retry-After", None if seconds is None else str(max(1, seconds))))
    if answer.decision == "pending" and answer.intent_id:
        pairs.append(("Location", f"{HOME}/intents/{answer.intent_id}"))
    return [(name.encode(), value.encode("ascii", "replace")) for name, value in pairs if value]


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font-family:system-ui;max-width:40em;margin:4em auto;line-height:1.5">
<h1>{title}</h1><p>{detail}</p><p>{next_step}</p><p><small>{reason} {intent}</small></p></body></html>
"""


def render(answer: Answer, *, accept: str = "") -> http.Response:
    """The whole HTTP answer; a page when the caller asks for HTML and not for JSON."""
    body = problem(answer)
    kind, content = "application/problem+json", orjson.dumps(body)
    if "text/html" in accept and "json" not in accept:
        texts = {
            name: html.escape(str(body.get(name, "")))
            for name in ("title", "detail", "next_step", "reason", "intent")
        }
        kind, content = "text/html; charset=utf-8", _PAGE.format(**texts).encode()
    fields = [(b"Content-Type", kind.encode()), (b"Content-Length", str(len(content)).encode())]
    now = time.time()
    return http.Response(
        b"HTTP/1.1",
        int(str(body["status"])),
        phrase(answer, str(body["detail"])).encode(),
        http.Headers([*fields, *_headers(answer, body)]),
        content,
        None,
        now,
        now,
    )
