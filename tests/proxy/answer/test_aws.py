"""AWS: one refusal by the name that each of its protocols has for it."""

from __future__ import annotations

import pytest

from dialect_kit import aws, call
from vienna_kernel.verdict import Reason
from vienna_proxy.answer import aws as dialect
from vienna_proxy.answer.problem import Answer

NAMES = {
    Reason.POLICY_DENIED: ("AccessDenied", "UnauthorizedOperation", "AccessDenied", "AccessDeniedException"),
    Reason.UNKNOWN_PARAMETER: ("ValidationError", "InvalidRequest", "InvalidRequest", "ValidationException"),
    Reason.RATE_LIMITED: ("Throttling", "RequestLimitExceeded", "SlowDown", "ThrottlingException"),
    Reason.BUDGET_EXCEEDED: ("AccessDenied", "UnauthorizedOperation", "AccessDenied", "LimitExceededException"),
    Reason.CONTROL_UNAVAILABLE: (
        "ServiceUnavailable", "Unavailable", "ServiceUnavailable", "ServiceUnavailableException",
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", NAMES)
def test_a_refusal_has_the_name_of_its_protocol(reason: Reason) -> None:
    answer = Answer(reason=reason, intent_id="int-1")
    query, ec2, s3, named = NAMES[reason]
    assert (
        f"<Code>{query}</Code>".encode() in dialect.query_form(answer, call("iam.amazonaws.com", "/")).content
    )
    assert f"<Code>{ec2}</Code>".encode() in dialect.query_form(answer, aws("ec2")).content
    found = dialect.s3_form(answer, aws("s3"))
    assert f"<Code>{s3}</Code>".encode() in found.content
    assert b"<RequestId>int-1</RequestId>" in found.content
    assert dialect.json_form(answer, aws("kms")).headers == (("x-amzn-ErrorType", named),)


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("text/html", "application/json"),
        (None, "application/json"),
    ],
)
def test_json_is_of_the_type_that_was_sent(sent: str | None, back: str) -> None:
    asked = aws("kms", content_type=sent) if sent else aws("kms")
    assert dialect.json_form(Answer(reason=Reason.POLICY_DENIED), asked).kind == back


def test_the_service_is_that_of_the_signature() -> None:
    assert dialect.service_of(aws("s3")) == "s3"
    asymmetric = "AWS4-ECDSA-P256-SHA256 Credential=AKID/20261121/s3/aws4_request, Signature=0"
    assert dialect.service_of(call("a.example", "/", authorization=asymmetric)) == "s3"
    assert dialect.service_of(call("s3.amazonaws.com", "/")) is None
