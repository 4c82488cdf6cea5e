"""Warrants that the agent itself presents: verified before anyone is asked; misuse is an alarm.

A genuine warrant for this very call that was used already is a harmless repetition. One that nobody of ours signed,
or that names another call, agent or sidecar, is an attempt; the agent hears everything that is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.token import Warrant
from vienna_kernel.wire import Reported
from vienna_proxy.answer.problem import Answer
from vienna_proxy.clock import Clock, iso
from vienna_proxy.evidence.report import Reporter
from vienna_proxy.judge.consult import Ask, Counsel

_HARMLESS = frozenset(
    {
        Reason.WARRANT_TOO_LARGE,
        Reason.WARRANT_MALFORMED,
        Reason.WARRANT_NOT_YET_VALID,
        Reason.WARRANT_EXPIRED,
        Reason.WARRANT_REVOKED,
        Reason.WARRANT_CONSUMED,
    }
)
_WORDS = {
    Reason.WARRANT_TOO_LARGE: "it is too large",
    Reason.WARRANT_MALFORMED: "it is not a warrant",
    Reason.WARRANT_TYPE: "it is a token of another kind",
    Reason.WARRANT_KEY_UNKNOWN: "its key is not known here",
    Reason.WARRANT_ALGORITHM: "it asks for another algorithm than its key's",
    Reason.WARRANT_SIGNATURE: "its signature does not hold",
    Reason.WARRANT_ISSUER: "another authority issued it",
    Reason.WARRANT_AUDIENCE: "it is for another upstream (outside the warrant)",
    Reason.WARRANT_NOT_YET_VALID: "it is not valid yet",
    Reason.WARRANT_EXPIRED: "it has expired",
    Reason.WARRANT_REVOKED: "it was revoked",
    Reason.WARRANT_CHAIN: "its chain does not hold",
    Reason.WARRANT_HOLDER: "it was issued to another agent or sidecar",
    Reason.WARRANT_REQUEST: "it is for another request (outside the warrant)",
    Reason.WARRANT_SCOPE: "action, target or parameters are outside the warrant",
    Reason.WARRANT_REQUIREMENTS: "the approvals it needs are missing",
    Reason.WARRANT_OBSERVED: "it only observes",
    Reason.WARRANT_CONSUMED: "it was already used",
}


class Presenter:
    """Judges presented warrants."""

    def __init__(self, counsel: Counsel, reporter: Reporter, clock: Clock) -> None:
        self._counsel = counsel
        self._reporter = reporter
        self._clock = clock

    async def judge(self, tokens: Sequence[str], ask: Ask) -> str | Answer:
        """The one token that holds for this call, or what the agent is told.

        Raises ``UnavailableError`` when an alarm can be told to nobody.
        """
        if len(tokens) > 1:
            return Answer(reason=Reason.AMBIGUOUS_REQUEST, detail="More than one warrant was presented.")
        verdict = self._counsel.verify(tokens[0], ask)
        if isinstance(verdict, Warrant):
            return tokens[0]
        genuine = self._counsel.inspect(tokens[0], ask)
        wrong = [verdict]
        warrant_id = genuine.id if isinstance(genuine, Warrant) else None
        if warrant_id in self._counsel.used and verdict.reason is not Reason.WARRANT_CONSUMED:
            wrong.append(Refused(Reason.WARRANT_CONSUMED, f"warrant {warrant_id} was used"))
        await self._alarm(wrong, ask, warrant_id)
        told = ", and ".join(_WORDS.get(one.reason, one.reason.value) for one in wrong)
        return Answer(
            reason=verdict.reason,
            detail=f"The presented warrant does not permit this request: {told}. Do not retry; ask the user.",
            warrant_id=warrant_id,
        )

    async def _alarm(self, wrong: Sequence[Refused], ask: Ask, warrant_id: str | None) -> None:
        critical = any(one.reason not in _HARMLESS for one in wrong)
        row = Reported(
            at=iso(self._clock.now()),
            reason=wrong[0].reason,
            detail="; ".join(one.detail for one in wrong),
            method=ask.call.method,
            url=ask.mapped.shown_url,
            warrant_id=warrant_id,
            severity="critical" if critical else "info",
        )
        await self._reporter.alarm(row)
