"""PostgREST (Supabase): tables as paths, conditions as query parameters; told as the SQL that it becomes.

1. GET and HEAD are ``select``, POST is ``insert``, or ``merge`` where ``Prefer`` resolves duplicates; PUT is ``merge``,
   PATCH ``update``, DELETE ``delete``. A function (``rpc/name``) may do anything: ``call``, by GET too.
2. ``has_where`` is told of the table itself, and only by a condition that names something: ``id=neq.0`` and
   ``id=not.is.null`` are how people delete every row.
3. A filter that stands there twice is two conditions, which both hold; a word of the protocol twice has two readings.
"""

from __future__ import annotations

import re

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.form import Pairs
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import NO_BODY, Options, Parts, Reader, by_method, header, once
from vienna_kernel.value import Value

_CLASSES = {
    "GET": "select",
    "HEAD": "select",
    "POST": "insert",
    "PUT": "merge",
    "PATCH": "update",
    "DELETE": "delete",
}
_WORDS = frozenset({"select", "order", "limit", "offset", "columns", "on_conflict"})
_LOGIC = frozenset({"and", "or", "not.and", "not.or"})
_FILTER = re.compile(r"(?P<op>[a-z]+)(?:\((?:any|all|[a-z]+)\))?\.(?P<value>.*)\Z", re.DOTALL)
_BOUNDS = frozenset({"eq", "in", "is", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"})
_BOUNDS |= {"cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "phfts", "wfts"}
_NAME = re.compile(r"[^\x00-\x20/%?#]{1,200}\Z")
_MERGES = ("resolution=merge-duplicates", "resolution=ignore-duplicates")
_JSON: frozenset[Kind] = frozenset({"json", "text", "bytes"})


def _bounds(value: str) -> bool:
    """Whether a condition names what it holds for, and so leaves rows out."""
    found = _FILTER.match(value)
    if found is None or found["op"] not in _BOUNDS:
        return False
    if found["op"] == "is":
        return found["value"].lower() in ("null", "true", "false", "unknown")
    return found["op"] not in ("like", "ilike") or bool(found["value"].strip("*%"))


def _filters(query: Pairs) -> list[tuple[str, str]]:
    """Conditions on the table itself; those on what is embedded (``orders.id``) leave its rows alone."""
    return [
        (key, value) for key, value in query if key not in _WORDS and "." not in key and key not in _LOGIC
    ]


def _schema(call: Call) -> str | None:
    name = "accept-profile" if call.method in ("GET", "HEAD") else "content-profile"
    return header(call, name)


def _rows(content: Content) -> int | None:
    """How many rows a body holds; None for CSV and what else is not read."""
    if content.kind == "none":
        return 0
    if content.kind != "json":
        return None
    return len(content.value) if isinstance(content.value, list) else 1


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    steps = call.path.split("/")
    name = steps[-1]
    does = _CLASSES.get(call.method)
    if not name and does == "select":
        return (Part(operation="describe"),)
    if does is None or not _NAME.match(name):
        raise MalformedError("path", "not a table of PostgREST")
    told = once(query, _WORDS)
    prefers = (header(call, "prefer") or "").replace(" ", "").split(",")
    if steps[-2] == "rpc":
        value: dict[str, Value] = {"statement_class": "call", "function": name, "tables": []}
        if told_schema := _schema(call):
            value["schema"] = told_schema
        return (Part(operation="call", value=value, query=frozenset(key for key, _ in query)),)
    if does == "insert" and any(text in prefers for text in _MERGES):
        does = "merge"
    schema = _schema(call)
    filters = _filters(query)
    value = {
        "statement_class": does,
        "tables": [f"{schema}.{name}" if schema else name],
        "has_where": any(_bounds(condition) for _, condition in filters),
        "columns": sorted({key for key, _ in filters}),
        "select": told.get("select", "*"),
    }
    rows = _rows(content)
    if rows is not None:
        value["rows"] = rows
    return (Part(operation=does, value=value, query=frozenset(key for key, _ in query)),)


READER = Reader(
    parts=_parts,
    kinds=by_method({"POST": _JSON, "PUT": _JSON, "PATCH": frozenset({"json"}), "DELETE": NO_BODY}),
)
"""Value: ``statement_class, tables, has_where, columns, select, rows``; of a function ``function, schema``.

Operation: the class, ``call``, or ``describe`` for the list of tables.
"""
