"""What became of one call, by what its agent was told."""

from __future__ import annotations

from dataclasses import replace

from mitmproxy import http

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer
from vienna_proxy.telemetry.account import Ending


def told(response: http.Response | None, decision: str, reason: Reason | None = None) -> Ending:
    """``response``: what the agent got; None: nothing."""
    if response is None:
        return Ending(decision=decision, reason=reason)
    size = len(response.raw_content or b"")
    return Ending(decision=decision, reason=reason, status=response.status_code, bytes_out=size)


def refused(answer: Answer, response: http.Response | None = None) -> Ending:
    """Of a call that does not leave, or not now. ``response``: how its agent was told."""
    decision = "replayed" if answer.reason is Reason.ALREADY_EXECUTED else answer.decision
    return replace(
        told(response, decision, answer.reason),
        rule=answer.rule,
        intent_id=answer.intent_id,
        approval_id=answer.approval_id,
        warrant_id=answer.warrant_id,
    )
