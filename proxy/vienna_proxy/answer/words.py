"""What is said of a call: to its agent, and in one line of the operational log."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

import structlog
from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.net.http import http1

from vienna_kernel.call.request import Call
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render
from vienna_proxy.case import Case
from vienna_proxy.evidence.replies import Replayed
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.judge.consult import Grant
from vienna_proxy.transport.addresses import NEVER
from vienna_proxy.transport.passage import PASSAGE
from vienna_proxy.transport.translate import header_of

log = structlog.get_logger()


class Words:
    """How refusals are told and counted.

    ``protocol``: what a mapping says that a call's address speaks.
    """

    def __init__(self, reporter: Reporter, protocol: Callable[[Call], str | None]) -> None:
        self._reporter = reporter
        self._protocol = protocol

    def speak(self, client: Client, refused: Refused) -> bytes:
        """The whole answer, as bytes, to what never became a call."""
        self._reporter.note(refused.reason, refused.detail, client=_peer(client))
        log.info("call.refused", reason=refused.reason.value, detail=refused.detail)
        response = render(Answer(reason=refused.reason, detail=_explained(refused)))
        response.headers["Connection"] = "close"
        return bytes(http1.assemble_response(response))  # type: ignore[no-untyped-call]

    def refused(self, flow: http.HTTPFlow, refused: Refused) -> Answer:
        """A refusal that nobody else hears of: counted, and told."""
        if refused.detail == NEVER:  # the canary, every half minute
            return Answer(reason=refused.reason, detail=refused.detail)
        address = flow.server_conn.address
        where = "" if address is None else f"{address[0]}:{address[1]}"
        self._reporter.note(
            refused.reason,
            refused.detail,
            method=flow.request.method[:16],
            url=where,
            client=_peer(flow.client_conn),
        )
        return Answer(reason=refused.reason, detail=_explained(refused))

    def told(self, flow: http.HTTPFlow, answer: Answer) -> http.Response:
        """The answer, logged."""
        case = flow.metadata.get(PASSAGE)
        call = case.call if isinstance(case, Case) else None
        log.info(
            "call.refused",
            reason=answer.reason.value,
            method=flow.request.method[:16],
            origin=None if call is None else call.origin,
            decision=answer.decision,
            intent_id=answer.intent_id,
            approval_id=answer.approval_id,
            warrant_id=answer.warrant_id,
            ms=None if not isinstance(case, Case) else _since(case.began),
        )
        if isinstance(case, Case):
            case.release()
        if call is None:
            return render(answer, accept=header_of(flow.request, b"accept"))
        return self.formed(answer, call)

    def formed(self, answer: Answer, call: Call) -> http.Response:
        """The answer to a call, in the dialect of its caller."""
        accept = call.header("accept") or ""
        return render(answer, call, protocol=self._protocol(call), accept=accept)

    def replayed(self, known: Replayed, case: Case) -> http.Response:
        """What a call that left before was answered, logged."""
        log.info(
            "call.replayed",
            method=None if case.call is None else case.call.method,
            origin=None if case.call is None else case.call.origin,
            intent_id=known.intent_id,
            warrant_id=known.warrant_id,
            ms=_since(case.began),
        )
        case.release()
        return known.response

    def unrecorded(self, grant: Grant) -> http.Response:
        """The answer to a call that was sent and whose outcome cannot be kept."""
        told = "The request was sent, but its outcome cannot be recorded, so the answer is withheld. Do not retry."
        answer = Answer(
            reason=Reason.AUDIT_UNAVAILABLE,
            detail=told,
            decision=grant.word,
            intent_id=grant.decision.intent_id,
            warrant_id=grant.warrant_id,
            retryable=False,
            sent=True,
        )
        return self.formed(answer, grant.call)


def marks(grant: Grant) -> list[tuple[str, str]]:
    """The headers of ours on an answer that is handed on."""
    rows = [
        ("Vienna-Decision", grant.word),
        ("Vienna-Intent", grant.decision.intent_id),
        ("Vienna-Warrant-Id", grant.warrant_id),
    ]
    if grant.narrowed:
        rows.append(("Vienna-Narrowed", ", ".join(grant.narrowed)))
    return rows


def finished(grant: Grant, case: Case, *, verdict: Granted | Answer | None = None, **more: object) -> None:
    """The one line of a call that left."""
    log.info(
        "call",
        decision=grant.word,
        method=grant.call.method,
        origin=grant.call.origin,
        actions=[intent.action for intent in grant.mapped.intents],
        mapping=grant.mapped.mapping,
        tier=grant.decision.tier,
        rule=grant.decision.rule,
        intent_id=grant.decision.intent_id,
        warrant_id=grant.warrant_id,
        attempt=grant.attempt,
        ms=_since(case.began),
        upstream_ms=_since(grant.released_at),
        withheld=verdict.reason.value if isinstance(verdict, Answer) else None,
        **more,
    )


def broke(hook: str, error: Exception) -> None:
    """Say that we failed: the kind and the place, never the text, which may quote a caller's secret."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    log.error("gate.broke", hook=hook, error=type(error).__name__, at=at)


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 2)


def _peer(client: Client) -> str:
    return str(client.peername[0]) if client.peername else ""


def _explained(refused: Refused) -> str:
    """What is wrong with a request's form; here the detail quotes nothing of it."""
    if refused.hint:
        return refused.hint
    return f"{Answer(reason=refused.reason).row.hint} ({refused.detail})"
