"""What is said over a WebSocket, judged: its opening recorded, each message of the agent a call of its own.

1. An opening is let through only once it is recorded that it was.
2. A message is canonical, mapped, asked about, held, warranted and recorded like any other call (``decide``).
3. What was granted leaves an outcome, whether it was sent or not; so does the end of it all.
"""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import http

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer, clean
from vienna_proxy.case import Case
from vienna_proxy.evidence.outcome import Outcomes
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.decide import Judge, Plea
from vienna_proxy.judge.hold import WEBSOCKET, Caller
from vienna_proxy.link.bundle import Bundle
from vienna_proxy.telemetry.account import AGENT_GONE, WHOLE, Account, Ending
from vienna_proxy.telemetry.endings import refused
from vienna_proxy.telemetry.lines import Lines
from vienna_proxy.transport.passage import Terms
from vienna_proxy.transport.streams import Bounds
from vienna_proxy.transport.websocket import REASON_BYTES, REFUSED, TOO_LARGE, Message


class Messages:
    """Judges what is said over WebSockets."""

    def __init__(
        self,
        judge: Judge,
        outcomes: Outcomes,
        *,
        bundle: Callable[[], Bundle],
        most_bytes: int,
        lines: Lines,
    ) -> None:
        self._judge = judge
        self._outcomes = outcomes
        self._bundle = bundle
        self._most_bytes = most_bytes
        self._lines = lines
        self._granted: dict[int, tuple[Grant, Account]] = {}

    async def opens(self, case: Case, grant: Grant, response: http.Response) -> None:
        """Record that it opens, and let it. Raises ``UnavailableError`` when that cannot be recorded."""
        case.tap = await self._outcomes.stream_begins(grant, response)
        case.terms = Terms(
            most_said=self._most_said(grant),
            most_heard=self._most_bytes,
            most_all=Bounds.of(grant.mapped, grant.limits).most,
            tap=case.tap,
        )

    def _most_said(self, grant: Grant) -> int:
        any_message = grant.call.message(b"", binary=False)
        return self._bundle().mappings.body_limit(any_message, default=self._most_bytes)

    async def judge(self, case: Case, message: Message) -> None:
        """Grant a message, or say why not. Raises what a bug raises; it stays refused then."""
        if case.grant is None:
            return
        call = case.grant.call.message(message.data, binary=not message.is_text)
        agent = Caller(call.header("user-agent") or "", WEBSOCKET)
        account = Account.of(call.method, agent.user_agent)
        account.origin, account.whole_at, account.judged = call.origin, account.began, True
        account.bytes_in = len(message.data)
        plea = Plea(client=message.flow.client_conn, caller=agent, account=account)
        answer = Answer(reason=Reason.INTERNAL_ERROR)
        try:
            verdict = await self._judge.judge(call, plea)
            if isinstance(verdict, Grant):
                self._granted[id(message)] = verdict, account
                message.granted = verdict.call.body
                return
            answer = verdict if isinstance(verdict, Answer) else Answer(reason=Reason.ALREADY_EXECUTED)
            message.refusal = told(answer)
        finally:
            if message.granted is None:
                self._lines.close(account, refused(answer))

    async def ended(self, message: Message) -> None:
        """Record what became of a granted message. Raises ``UnavailableError``."""
        grant, account = self._granted.pop(id(message), (None, Account()))
        if grant is None:
            return
        account.leaves(grant.mapped, grant.decision, grant.attempt, at=grant.released_at)
        account.returned_at = grant.released_at  # it has no answer of its own
        reason: Reason | None = Reason.AUDIT_UNAVAILABLE
        try:
            if message.sent:
                await self._outcomes.passed(grant)
            else:
                await self._outcomes.failed(grant, sent=False, message="", agent_gone=message.gone)
            reason = None
        finally:
            ended = WHOLE if message.sent else AGENT_GONE
            self._lines.close(
                account,
                Ending(decision=grant.word, reason=reason, warrant_id=grant.warrant_id, ended=ended),
            )

    async def closes(self, case: Case, grant: Grant) -> None:
        """Record the end of a WebSocket. Raises ``UnavailableError``."""
        terms, tap = case.terms, case.tap
        if terms is None or tap is None:
            return
        if terms.broken:
            await self._outcomes.stream_breaks(grant, tap, agent_gone=terms.agent_gone)
        else:
            came = terms.passed if terms.cut else None
            await self._outcomes.stream_ends(grant, tap, came=came, agent_gone=terms.agent_gone)


def told(answer: Answer) -> tuple[int, str]:
    """The code and the reason of a close: at most 123 bytes, the reason's own word first, then a sentence."""
    code = TOO_LARGE if answer.reason is Reason.BODY_TOO_LARGE else REFUSED
    text = f"{answer.reason.value}: {clean(answer.detail) or answer.row.hint}"
    return code, text.encode()[:REASON_BYTES].decode(errors="ignore")
