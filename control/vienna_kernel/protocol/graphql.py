"""GraphQL over HTTP: one part for each root field of the operation that runs.

1. A POST has a JSON body of ``query``, ``variables``, ``operationName`` and ``extensions``, or a list of such (a
   batch); nothing of it stands in the query string, which some servers prefer to the body. A GET has the same in its
   query string, and never a mutation.
2. The text is there to be read: an identifier of a stored operation in its stead is refused. A digest beside the text
   (``extensions.persistedQuery``) must be the digest of that text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from vienna_kernel.call.request import Call
from vienna_kernel.decode import json
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.graphql_operation import RootField, root_fields
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method, once
from vienna_kernel.value import Value

MAX_BATCH = 50

_MEMBERS = frozenset({"query", "variables", "operationName", "extensions"})
# Names under which servers take a stored operation from the query string (Apollo, Hasura, Relay's own).
_IN_URL = _MEMBERS | {"id", "documentId", "document_id", "doc_id", "queryId", "hash"}


@dataclass(frozen=True, slots=True)
class _Request:
    text: str
    name: str | None
    variables: Mapping[str, Value]


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def _object(found: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _fault(f"GraphQL {name} are an object")
    return value


def _judge_extensions(found: Mapping[str, Value], text: str) -> None:
    for name, value in _object(found, "extensions").items():
        if name == "persistedQuery":
            digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
            if not isinstance(value, Mapping) or dict(value) != {"version": 1, "sha256Hash": digest}:
                raise _fault("a persisted GraphQL query whose digest is not that of the query")
        elif name != "clientLibrary":
            raise _fault("a GraphQL extension that is not known")


def _request(found: Value) -> _Request:
    if not isinstance(found, Mapping):
        raise _fault("a GraphQL request is an object")
    if not found.keys() <= _MEMBERS:
        raise _fault("a GraphQL request has members query, variables, operationName and extensions only")
    text, name = found.get("query"), found.get("operationName")
    if not isinstance(text, str):
        raise _fault("a GraphQL request without its query; a stored one cannot be judged, send its text")
    if name is not None and (not isinstance(name, str) or not name):
        raise _fault("a GraphQL operationName is a name or null")
    _judge_extensions(found, text)
    return _Request(text, name, _object(found, "variables"))


def _from_url(query: Pairs) -> Value:
    found: dict[str, Value] = {}
    for name, text in once(query, _IN_URL).items():
        found[name] = json.loads(text.encode()) if name in ("variables", "extensions") else text
    return found


def _asked(call: Call, query: Pairs, content: Content) -> Value:
    """One request, or a list of them."""
    if call.method == "GET":
        if content.kind != "none":
            raise _fault("a GraphQL GET has no body")
        return _from_url(query)
    if call.method != "POST":
        raise _fault("GraphQL is spoken by GET and POST")
    if any(key in _IN_URL for key, _ in query):
        raise _fault("a GraphQL POST has its request in the body, not in the query string")
    if content.kind != "json":
        raise _fault("a GraphQL request is sent as application/json")
    return content.value if isinstance(content.value, (Mapping, list)) else None


def _part(kind: str, field: RootField, way: tuple[str, ...]) -> Part:
    return Part(
        operation=f"{kind}.{field.name}",
        value={
            "type": kind,
            "field": field.name,
            "alias": field.alias,
            "arguments": field.arguments,
            "depth": field.depth,
            "fields": field.fields,
        },
        open=("arguments",),
        answer=(*way, "data", field.alias),
        failed=((*way, "errors"),),
        query=_MEMBERS,
    )


def _read(found: Value, way: tuple[str, ...], *, by_get: bool) -> list[Part]:
    request = _request(found)
    kind, fields = root_fields(request.text, request.name, request.variables)
    if by_get and kind == "mutation":
        raise _fault("a GraphQL mutation by GET")
    return [_part(kind, field, way) for field in fields]


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    asked = _asked(call, query, content)
    if not isinstance(asked, list):
        return tuple(_read(asked, (), by_get=call.method == "GET"))
    if not 0 < len(asked) <= MAX_BATCH:
        raise _fault(f"a GraphQL batch holds 1 to {MAX_BATCH} requests")
    return tuple(part for i, item in enumerate(asked) for part in _read(item, (str(i),), by_get=False))


READER = Reader(parts=_parts, kinds=by_method({"POST": frozenset({"json"})}))
"""Value: ``{"type", "field", "alias", "arguments", "depth", "fields"}``; operation: ``mutation.createIssue``."""
