"""What is said of a call: to its agent, and at its end to operators."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace

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
from vienna_proxy.telemetry.account import AGENT_GONE, WHOLE, Account, Ending
from vienna_proxy.telemetry.endings import refused, told
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.transport.passage import PASSAGE, Passage
from vienna_proxy.transport.translate import header_of

log = structlog.get_logger()


class Words:
    """How calls are answered by the gate itself, and how each comes to its line.

    ``protocol``: what a mapping says that a call's address speaks. ``is_own``: whether a connection is the canary's.
    """

    def __init__(
        self,
        reporter: Reporter,
        lines: Lines,
        *,
        protocol: Callable[[Call], str | None],
        is_own: Callable[[Client], bool],
    ) -> None:
        self._reporter = reporter
        self._lines = lines
        self._protocol = protocol
        self._is_own = is_own

    def begins(self, flow: http.HTTPFlow) -> Account:
        """What is known of a request by its head."""
        account = Account.of(flow.request.method, header_of(flow.request, b"user-agent"))
        account.closed = self._is_own(flow.client_conn)
        if not account.closed:
            account.trace = self._lines.traces.begin()
        return account

    def speak(self, client: Client, refused: Refused, passage: Passage | None) -> bytes:
        """The whole answer, as bytes, to what never became a call, or broke off as one."""
        self._reporter.note(refused.reason, refused.detail, client=_peer(client))
        response = render(Answer(reason=refused.reason, detail=_explained(refused)))
        response.headers["Connection"] = "close"
        account = passage.account if isinstance(passage, Case) else Account()
        self._lines.close(account, told(response, "denied", refused.reason))
        return bytes(http1.assemble_response(response))  # type: ignore[no-untyped-call]

    def refused(self, flow: http.HTTPFlow, refused: Refused) -> Answer:
        """A refusal that nobody else hears of: counted, and told."""
        if self._is_own(flow.client_conn):
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

    def told(self, flow: http.HTTPFlow, answer: Answer, account: Account) -> http.Response:
        """The answer to a call that does not leave, which is over with it."""
        case = flow.metadata.get(PASSAGE)
        call = case.call if isinstance(case, Case) else None
        if isinstance(case, Case):
            account.bytes_in = case.received
            case.release()
        if call is None:
            response = render(answer, accept=header_of(flow.request, b"accept"))
        else:
            account.origin = call.origin
            response = self.formed(answer, call)
        self._lines.close(account, refused(answer, response))
        return response

    def formed(self, answer: Answer, call: Call) -> http.Response:
        """The answer to a call, in the dialect of its caller."""
        accept = call.header("accept") or ""
        return render(answer, call, protocol=self._protocol(call), accept=accept)

    def replayed(self, known: Replayed, case: Case) -> http.Response:
        """What a call that left before was answered."""
        case.release()
        ending = told(known.response, "replayed", Reason.ALREADY_EXECUTED)
        self._lines.close(
            case.account, replace(ending, intent_id=known.intent_id, warrant_id=known.warrant_id)
        )
        return known.response

    def internal(self, response: http.Response, case: Case) -> http.Response:
        """What the gate itself was asked."""
        case.account.bytes_in = case.received
        case.release()
        self._lines.close(case.account, told(response, "internal"))
        return response

    def unopened(self, account: Account, answer: Granted | Answer) -> None:
        """A connection that nobody reads was made, or it was not and nobody could be told why."""
        if isinstance(answer, Answer):
            self._lines.close(account, refused(answer))
        else:
            warrant_id = None if account.said is None else account.said.warrant_id
            self._lines.close(account, Ending(decision=account.word, warrant_id=warrant_id))

    def left(
        self,
        case: Case,
        grant: Grant,
        response: http.Response | None,
        *,
        reason: Reason | None = None,
        streamed: int | None = None,
        ended: str = WHOLE,
    ) -> None:
        """A call that left is over.

        ``response``: what its agent got. ``streamed``: bytes that passed as a stream, None: none did.
        """
        account = case.account
        account.leaves(grant.mapped, grant.decision, grant.attempt, at=grant.released_at)
        account.bytes_in = case.received
        account.verified = grant.result
        ending = told(response, grant.word, reason)
        if streamed is not None:
            ending = replace(ending, streamed=True, bytes_out=streamed)
        self._lines.close(account, replace(ending, warrant_id=grant.warrant_id, ended=ended))

    def aborted(self, case: Case) -> None:
        """A call whose agent hung up before it was whole."""
        case.release()
        case.account.bytes_in = case.received
        self._lines.close(case.account, Ending(decision="none", ended=AGENT_GONE))

    def broken(self, account: Account, response: http.Response | None) -> None:
        """A call that is refused and has no line yet: whatever was to say why has failed."""
        if response is not None:
            self._lines.close(account, told(response, "denied", Reason.INTERNAL_ERROR))

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


def broke(hook: str, error: Exception) -> None:
    """Say that we failed: the kind and the place, never the text, which may quote a caller's secret."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    log.error("gate.broke", hook=hook, error=type(error).__name__, at=at)


def _peer(client: Client) -> str:
    return str(client.peername[0]) if client.peername else ""


def _explained(refused: Refused) -> str:
    """What is wrong with a request's form; here the detail quotes nothing of it."""
    if refused.hint:
        return refused.hint
    return f"{Answer(reason=refused.reason).row.hint} ({refused.detail})"
