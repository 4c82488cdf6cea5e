"""Reasons: each has words of its own, and only those of a warrant share them."""

from __future__ import annotations

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.reasons import aws_exception, row_of

UNHEARD = set(
    "approval_decided not_an_approver own_request already_voted mfa_required justification_required".split()
)
"""Told to operators, never to agents."""


def test_every_reason_that_an_agent_hears_has_a_row_of_its_own() -> None:
    shared = row_of(Reason.OWN_REQUEST)
    assert {reason.value for reason in Reason if row_of(reason) is shared} == UNHEARD
    warrants = {reason for reason in Reason if row_of(reason) is row_of(Reason.WARRANT_SCOPE)}
    assert warrants == {reason for reason in Reason if reason.value.startswith("warrant_")}
    heard = [row_of(reason) for reason in Reason if reason.value not in UNHEARD and reason not in warrants]
    assert len({row.hint for row in heard}) == len(heard)


def test_only_what_may_be_tried_again_says_when() -> None:
    for row in map(row_of, Reason):
        assert row.retryable == (row.retry_after is not None)


def test_what_aws_calls_a_status() -> None:
    assert aws_exception(403, may_retry=False) == "AccessDeniedException"
    assert aws_exception(429, may_retry=True) == "ThrottlingException"
    assert aws_exception(429, may_retry=False) == "LimitExceededException"
    assert aws_exception(413, may_retry=False) == "ValidationException"
    assert aws_exception(503, may_retry=True) == "ServiceUnavailableException"
