"""PostgREST (Supabase): tables as paths, conditions as query parameters; told as the SQL that it becomes.

1. GET and HEAD are ``select``, POST is ``insert``, or ``merge`` where ``Prefer`` resolves duplicates; PUT is ``merge``,
   PATCH ``update``, DELETE ``delete``. A function (``rpc/name``) may do anything: ``call``, by GET too.
2. ``has_where`` is told of the table itself, and only by a condition that names its rows (``eq``, a list of ``in``):
   ``id=gte.0``, ``id=neq.0`` and ``id=not.is.null`` are how every row is deleted. The number of rows that the server
   itself does not go beyond (``Prefer: handling=strict, max-affected=9``) bounds as well.
3. A filter that stands there twice is two conditions, which both hold; a word of the protocol twice has two readings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_OF_GATEWAY = frozenset({"apikey"})  # taken away before the database sees it: no condition
_IN = re.compile(r"in\.\((?P<items>.*)\)\Z", re.DOTALL)
_ITEM = re.compile(r'\s*+(?:"(?:[^"\\]|\\.)*+"|[^",()\\]++)\s*+', re.DOTALL)
_AT_MOST = re.compile(r"max-affected=([0-9]{1,9})\Z")
MAX_NAMED = 100
_NAME = re.compile(r"[^\x00-\x20/%?#]{1,200}\Z")
_MERGES = ("resolution=merge-duplicates", "resolution=ignore-duplicates")
_JSON: frozenset[Kind] = frozenset({"json", "text", "bytes"})


def _bounds(value: str) -> bool:
    """Whether a condition names the rows that it holds for: one value, or at most ``MAX_NAMED`` in a list."""
    if value.startswith("eq."):
        return True
    found = _IN.match(value)
    if found is None:
        return False
    at, items = 0, 0
    while item := _ITEM.match(found["items"], at):
        at, items = item.end(), items + 1
        if at == len(found["items"]):
            return items <= MAX_NAMED
        if found["items"][at] != ",":
            break
        at += 1
    return False


def _at_most(prefers: Sequence[str]) -> int | None:
    """How many rows the server changes at most; None when it is not held to a number.

    Errors: ``MalformedError`` when two numbers, or ways to take them, stand there.
    """
    named = [text for text in prefers if text.startswith(("handling=", "max-affected="))]
    if len({text.partition("=")[0] for text in named}) < len(named):
        raise MalformedError("header prefer", "a preference stands there twice")
    numbers = [int(found[1]) for found in map(_AT_MOST.match, named) if found]
    return numbers[0] if numbers and "handling=strict" in named else None


def _filters(query: Pairs) -> list[tuple[str, str]]:
    """Conditions on the table itself; those on what is embedded (``orders.id``) leave its rows alone."""
    return [
        (key, value)
        for key, value in query
        if "." not in key and key not in _WORDS and key not in _LOGIC and key not in _OF_GATEWAY
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
    at_most = _at_most(prefers)
    named = any(_bounds(condition) for _, condition in filters)
    value = {
        "statement_class": does,
        "tables": [f"{schema}.{name}" if schema else name],
        "has_where": named or (at_most is not None and at_most <= MAX_NAMED),
        "columns": sorted({key for key, _ in filters}),
        "select": told.get("select", "*"),
    }
    if at_most is not None:
        value["at_most"] = at_most
    rows = _rows(content)
    if rows is not None:
        value["rows"] = rows
    return (Part(operation=does, value=value, query=frozenset(key for key, _ in query)),)


READER = Reader(
    parts=_parts,
    kinds=by_method({"POST": _JSON, "PUT": _JSON, "PATCH": frozenset({"json"}), "DELETE": NO_BODY}),
)
"""Value: ``statement_class, tables, has_where, at_most, columns, select, rows``; of a function ``function, schema``.

Operation: the class, ``call``, or ``describe`` for the list of tables.
"""
