"""The AWS JSON protocols (DynamoDB, ECS, KMS, Secrets Manager, SQS, …): the operation in ``X-Amz-Target``.

1. The header stands once, the body is a JSON object of type ``application/x-amz-json-1.0`` or ``1.1``.
2. No ``Action`` stands in the query string: services that speak both protocols on one path choose by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method, header

_TYPES = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1"})
_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\.[A-Za-z][A-Za-z0-9]{0,99}\Z")


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    target = header(call, "x-amz-target")
    if target is None or not _TARGET.match(target):
        raise MalformedError("header x-amz-target", "X-Amz-Target names a service and an operation")
    if call.content_type not in _TYPES:
        raise MalformedError("header content-type", "expected application/x-amz-json-1.0 or 1.1")
    if any(key.lower() == "action" for key, _ in query):
        raise MalformedError("query", "both an X-Amz-Target and an Action")
    if not isinstance(content.value, Mapping):
        raise MalformedError("body", "the body of an AWS JSON request is an object")
    return (Part(operation=target, value=content.value, open=()),)


READER = Reader(parts=_parts, kinds=by_method({"POST": frozenset({"json"})}))
"""Value: the body; operation: ``DynamoDB_20120810.DeleteTable``."""
