"""Answers as AWS gives them: JSON, and XML in the three ways of its query services, of EC2 and of S3.

Every SDK takes the code and the message from a place of its service's protocol. What that protocol is, the service of
the signature tells; the signature itself is not looked at.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.sax.saxutils import escape

from vienna_kernel.call.request import Call
from vienna_proxy.answer import problem
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.reasons import aws_exception

# Signature version 4 and 4a; the region is left out in the latter.
_SIGNED = re.compile(
    r"AWS4-[A-Z0-9-]{1,40} Credential=[^,\s]{1,200}/(?P<service>[a-z0-9_-]{1,60})/aws4_request(?:,|\Z)"
)
_JSON = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1"})
_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
_XML = frozenset({"route53", "cloudfront"})  # their errors are those of the query services
_FORM = "application/x-www-form-urlencoded"


class _Codes(NamedTuple):
    """What one and the same refusal is called."""

    query: str
    ec2: str
    s3: str


_DENIED = _Codes("AccessDenied", "UnauthorizedOperation", "AccessDenied")
_INVALID = _Codes("ValidationError", "InvalidRequest", "InvalidRequest")
_LATER = _Codes("Throttling", "RequestLimitExceeded", "SlowDown")
_BROKEN = _Codes("ServiceUnavailable", "Unavailable", "ServiceUnavailable")
_BY_STATUS = {400: _INVALID, 413: _INVALID, 415: _INVALID, 500: _BROKEN, 502: _BROKEN, 503: _BROKEN}


def service_of(call: Call) -> str | None:
    """The service that a request is signed for, None where it is not signed in a header."""
    found = _SIGNED.match(call.header("authorization") or "")
    return found["service"] if found else None


def form_of_signed(answer: Answer, call: Call) -> Form | None:
    """The answer of the service that the request is signed for; None when it is not signed."""
    service = service_of(call)
    if service is None:
        return None
    if service in _S3:
        return s3_form(answer, call)
    if service == "ec2" or service in _XML or call.content_type == _FORM:
        return query_form(answer, call)
    return json_form(answer, call)


def json_form(answer: Answer, call: Call) -> Form:
    """``__type`` and ``message``, which the problem document has; the name of the error in the header too."""
    asked = call.content_type or ""
    name = aws_exception(answer.code, may_retry=answer.may_retry)
    return Form(
        asked if asked in _JSON else "application/json",
        problem.form(answer).content,
        headers=(("x-amzn-ErrorType", name),),
    )


def query_form(answer: Answer, call: Call) -> Form:
    """The XML of the query services, or of EC2, which has one of its own."""
    codes, error = _codes(answer), _element("Message", answer.sentence)
    if service_of(call) == "ec2" or call.host.startswith("ec2."):
        errors = f"<Errors><Error><Code>{codes.ec2}</Code>{error}</Error></Errors>"
        return _xml(f"<Response>{errors}{_request('RequestID', answer)}</Response>")
    fault = "Sender" if answer.code < 500 else "Receiver"
    told = f"<Error><Type>{fault}</Type><Code>{codes.query}</Code>{error}</Error>"
    return _xml(f"<ErrorResponse>{told}{_request('RequestId', answer)}</ErrorResponse>")


def s3_form(answer: Answer, call: Call) -> Form:
    """The XML of S3."""
    error = _element("Message", answer.sentence)
    return _xml(f"<Error><Code>{_codes(answer).s3}</Code>{error}{_request('RequestId', answer)}</Error>")


def _codes(answer: Answer) -> _Codes:
    if answer.code == 429 and answer.may_retry:
        return _LATER
    return _BY_STATUS.get(answer.code, _DENIED)


def _request(name: str, answer: Answer) -> str:
    """The id of the request, which is that of the intent."""
    return _element(name, str(answer.facts().get("intent", "")))


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _xml(body: str) -> Form:
    return Form("application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())
