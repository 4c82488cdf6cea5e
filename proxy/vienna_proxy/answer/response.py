"""The whole HTTP answer: status line, headers, and a body in the dialect of the caller.

1. ``Vienna-Decision`` and ``Vienna-Reason`` stand in every one, whatever its status and body: by them an answer of ours
   is known, to us and to whoever asks.
2. The reason stands in the status line as well; requests, httpx, pip and wget print nothing else.
"""

from __future__ import annotations

import time
import unicodedata

from mitmproxy import http

from vienna_kernel.call.request import Call
from vienna_proxy.answer import page, problem
from vienna_proxy.answer.dialect import form_of
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import HOME, Answer, clean

_PHRASE_CHARS = 120
_HEADER_CHARS = 200


def phrase(answer: Answer) -> str:
    """The reason phrase: printable ASCII, at most 120 characters."""
    word = {"pending": "Pending at Vienna", "expired": "Expired at Vienna"}.get(
        answer.decision, "Denied by Vienna"
    )
    if answer.sent:
        word = "Withheld by Vienna"
    elif answer.row.status >= 500:
        word = "Not sent by Vienna"
    text = f"{word}: {answer.sentence.removeprefix('Denied by policy: ')}"  # once is enough of 120 characters
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain if len(plain) <= _PHRASE_CHARS else plain[: _PHRASE_CHARS - 3] + "..."


def _headers(answer: Answer) -> list[tuple[str, str]]:
    pending = answer.decision == "pending"
    rows: list[tuple[str, str | None]] = [
        ("Vienna-Decision", answer.decision),
        ("Vienna-Reason", answer.reason.value),
        ("Vienna-Intent", answer.intent_id),
        ("Vienna-Approval", answer.approval_id),
        ("Vienna-Warrant-Id", answer.warrant_id),
        ("Cache-Control", "no-store"),
        ("Preference-Applied", "respond-async" if answer.status == 202 else None),
        ("Retry-After", None if answer.wait_seconds is None else str(answer.wait_seconds)),
        ("Location", f"{HOME}/intents/{answer.intent_id}" if pending and answer.intent_id else None),
    ]
    if (pending and answer.code != 429) or not answer.may_retry:
        rows += [("x-should-retry", "false"), ("Stripe-Should-Retry", "false")]
    return [(name, clean(value, _HEADER_CHARS)) for name, value in rows if value]


def _form(answer: Answer, call: Call | None, protocol: str | None, accept: str) -> Form:
    if answer.status == 202:  # who asked for it knows what a 202 is
        return problem.form(answer)
    spoken = None if call is None else form_of(answer, call, protocol)
    if spoken is not None:
        return spoken
    return page.form(answer) if page.is_wanted(accept) else problem.form(answer)


def render(
    answer: Answer, call: Call | None = None, *, protocol: str | None = None, accept: str = ""
) -> http.Response:
    """The answer to a call.

    Args:
        call: None where there is none, since the request had no reading.
        protocol: What a mapping says that the call's address speaks.
        accept: The call's ``Accept``.
    """
    told = _form(answer, call, protocol, accept)
    rows = [
        ("Content-Type", told.kind),
        ("Content-Length", str(len(told.content))),
        *told.headers,
        *_headers(answer),
    ]
    now = time.time()
    return http.Response(
        b"HTTP/1.1",
        told.status or answer.code,
        phrase(answer).encode(),
        http.Headers([(name.encode(), value.encode("ascii", "replace")) for name, value in rows]),
        told.content,
        None,
        now,
        now,
    )
