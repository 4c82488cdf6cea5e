"""Answers as AWS gives them: JSON, and XML in the three ways of its query services, of EC2 and of S3.

Every SDK takes the code and the message from a place of its service's protocol. What that protocol is, the service of
the signature tells; the signature itself is not looked at.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from vienna_kernel.call.request import Call
from vienna_proxy.answer import problem
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

# Signature version 4 and 4a; the region is left out in the latter.
_SIGNED = re.compile(
    r"AWS4-[A-Z0-9-]{1,40} Credential=[^,\s]{1,200}/(?P<service>[a-z0-9_-]{1,60})/aws4_request(?:,|\Z)"
)
_JSON = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1"})
_S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
_XML = frozenset({"route53", "cloudfront"})  # their errors are those of the query services
_FORM = "application/x-www-form-urlencoded"

_DENIED = ("AccessDenied", "UnauthorizedOperation", "AccessDenied")
_INVALID = ("ValidationError", "InvalidRequest", "InvalidRequest")
_LATER = ("Throttling", "RequestLimitExceeded", "SlowDown")
_BROKEN = ("ServiceUnavailable", "Unavailable", "ServiceUnavailable")
# What query services, EC2 and S3 call a status.
_CODES = {400: _INVALID, 413: _INVALID, 415: _INVALID, 500: _BROKEN, 502: _BROKEN, 503: _BROKEN}


def service_of(call: Call) -> str | None:
    """The service that a request is signed for, None where it is not signed in a header."""
    found = _SIGNED.match(call.header("authorization") or "")
    return found["service"] if found else None


def form_of_signed(answer: Answer, call: Call) -> Form | None:
    """The answer of the service that the request is signed for; None when it is not signed."""
    service = service_of(call)
    if service is None:
        return None
    if call.header("x-amz-target") is not None:
        return json_form(answer, call)
    if service in _S3:
        return s3_form(answer, call)
    if service == "ec2" or service in _XML or call.content_type == _FORM:
        return query_form(answer, call)
    return json_form(answer, call)


def json_form(answer: Answer, call: Call) -> Form:
    """``__type`` and ``message``, which the problem document has; the name of the error in the header too."""
    document = problem.problem(answer)
    kind = call.content_type if call.content_type in _JSON else "application/json"
    plain = problem.form(answer)
    return Form(kind or plain.kind, plain.content, headers=(("x-amzn-ErrorType", str(document["__type"])),))


def query_form(answer: Answer, call: Call) -> Form:
    """The XML of the query services, or of EC2, which has one of its own."""
    words = _words(answer)
    if service_of(call) == "ec2" or call.host.startswith("ec2."):
        code, sentence, request = words[1], words[3], words[4]
        return _xml(
            f"<Response><Errors><Error><Code>{code}</Code><Message>{sentence}</Message></Error></Errors>"
            f"<RequestID>{request}</RequestID></Response>"
        )
    fault = "Sender" if answer.code < 500 else "Receiver"
    return _xml(
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{words[0]}</Code><Message>{words[3]}</Message></Error>"
        f"<RequestId>{words[4]}</RequestId></ErrorResponse>"
    )


def s3_form(answer: Answer, call: Call) -> Form:
    """The XML of S3."""
    words = _words(answer)
    return _xml(
        f"<Error><Code>{words[2]}</Code><Message>{words[3]}</Message><RequestId>{words[4]}</RequestId></Error>"
    )


def _words(answer: Answer) -> tuple[str, str, str, str, str]:
    """The code in three dialects, the sentence, and the id of the request; escaped."""
    codes = _CODES.get(answer.code, _DENIED)
    if answer.code == 429 and answer.may_retry:
        codes = _LATER
    return *codes, escape(answer.sentence), escape(str(answer.facts().get("intent", "")))


def _xml(body: str) -> Form:
    return Form("application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())
