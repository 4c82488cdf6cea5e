"""The body of a call, decoded once, as its content type says; what has no reading is refused."""

from __future__ import annotations

import re

from vienna_kernel.call.request import Call
from vienna_kernel.decode import form, json
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.action import BODYLESS, BodyKind
from vienna_kernel.mapping.fingerprint import Body
from vienna_kernel.verdict import Reason, Refused

_FORM = "application/x-www-form-urlencoded"
_MULTIPART_OVERRIDE = re.compile(rb"name=\"?_method\b", re.IGNORECASE)


def _kind_of(content_type: str | None) -> BodyKind:
    if content_type == _FORM:
        return "form"
    if content_type is not None and (content_type == "application/json" or content_type.endswith("+json")):
        return "json"
    return "none"


def decode(call: Call, expected: BodyKind | None) -> Body | Refused:
    """The body as values.

    ``expected``: what a mapping reads; None for an unmapped call, whose body is read when its type is known and
    counts by its bytes when not.
    Errors: ``Refused`` with ``ambiguous_request``, ``unknown_parameter``, ``undecodable_body``, ``method_override``.
    """
    if not call.body:
        return Body()
    if expected in (None, "none") and call.method in BODYLESS:
        return Refused(Reason.AMBIGUOUS_REQUEST, f"a body on {call.method} that no mapping declares")
    if expected == "none":
        return Refused(Reason.UNKNOWN_PARAMETER, "a body where the mapping declares none")
    kind = _kind_of(call.content_type)
    if expected is not None and kind != expected:
        return Refused(
            Reason.UNDECODABLE_BODY,
            f"the mapping reads {expected}, the body says {call.content_type}",
            f"Send the body as {'application/json' if expected == 'json' else _FORM}, with that Content-Type.",
        )
    try:
        body = _read(call.body, kind)
    except MalformedError as error:
        return Refused(Reason.UNDECODABLE_BODY, error.why, f"The body was refused: {error.why}.")
    if _overrides(call, body):
        return Refused(Reason.METHOD_OVERRIDE, "a body field that overrides the method")
    return body


def _read(data: bytes, kind: BodyKind) -> Body:
    if kind == "json":
        return Body(json=json.loads(data))
    if kind == "form":
        return Body(form=form.loads(data))
    return Body()


def _overrides(call: Call, body: Body) -> bool:
    if body.form is not None:
        return any(key.lower() == "_method" for key, _ in body.form)
    if isinstance(body.json, dict):
        return any(key.lower() == "_method" for key in body.json)
    multipart = call.content_type is not None and call.content_type.startswith("multipart/")
    return multipart and _MULTIPART_OVERRIDE.search(call.body) is not None
