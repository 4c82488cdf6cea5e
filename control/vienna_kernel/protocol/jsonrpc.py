"""JSON-RPC 2.0: one message, or a batch of them.

1. A message has exactly the members ``jsonrpc``, ``method``, ``params`` and ``id``; without ``id`` it is a
   notification. An id is a string or an integer (null and fractions are not: section 4 advises against both).
2. No two ids of a batch are alike, ``1`` and ``"1"`` included: the answers could not be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method
from vienna_kernel.value import Value

MAX_BATCH = 100

_MAX_METHOD_CHARS = 200
_MEMBERS = frozenset({"jsonrpc", "method", "params", "id"})


@dataclass(frozen=True, slots=True)
class Message:
    """One request or notification.

    Attributes:
        params: An object or a list; ``MISSING`` when left out.
        id: A string or an integer; ``MISSING`` for a notification.
    """

    method: str
    params: Found
    id: Found


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def identity(value: Value) -> str | int:
    """The id of a request or response. Errors: ``MalformedError`` for what is neither text nor an integer."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _fault("a JSON-RPC id that is neither a string nor an integer")
    return value


def message(value: Value) -> Message:
    """One request or notification. Errors: ``MalformedError``."""
    if not isinstance(value, Mapping):
        raise _fault("a JSON-RPC message is an object")
    if value.get("jsonrpc") != "2.0":
        raise _fault("not JSON-RPC 2.0")
    if not value.keys() <= _MEMBERS:
        raise _fault("a JSON-RPC message has members jsonrpc, method, params and id only")
    method = value.get("method")
    if not isinstance(method, str) or not 0 < len(method) <= _MAX_METHOD_CHARS:
        raise _fault(f"a JSON-RPC method is a string of 1 to {_MAX_METHOD_CHARS} characters")
    params = value.get("params", MISSING)
    if params is not MISSING and not isinstance(params, (Mapping, list)):
        raise _fault("JSON-RPC params are an object or a list")
    return Message(method, params, identity(value["id"]) if "id" in value else MISSING)


def batch(value: Value) -> Sequence[Value]:
    """The messages of a body, alone or in a batch. Errors: ``MalformedError``."""
    if not isinstance(value, list):
        return (value,)
    if not 0 < len(value) <= MAX_BATCH:
        raise _fault(f"a batch holds 1 to {MAX_BATCH} messages")
    ids = [str(item["id"]) for item in value if isinstance(item, Mapping) and "id" in item]
    if len(set(ids)) != len(ids):
        raise _fault("two messages of a batch have the same id")
    return value


def body(content: Content) -> Value:
    """The decoded JSON. Errors: ``MalformedError`` when the body is something else, or absent."""
    if content.kind != "json" or content.value is MISSING:
        raise _fault("expected a JSON body")
    return content.value


def _part(told: Message) -> Part:
    value: dict[str, Value] = {"method": told.method}
    if told.params is not MISSING:
        value["params"] = told.params
    if told.id is not MISSING:
        value["id"] = told.id
    return Part(
        operation=told.method,
        value=value,
        open=("params",),
        answer=("result",),
        answer_id=told.id,
        failed=(("error",),),
    )


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    return tuple(_part(message(item)) for item in batch(body(content)))


READER = Reader(parts=_parts, kinds=by_method({"POST": frozenset({"json"})}))
"""Value: ``{"method": …, "params": …, "id": …}``, the last two when they are there; operation: the method."""
