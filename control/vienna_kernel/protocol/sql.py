"""SQL over HTTP: one part for each statement.

1. A mapping says the dialect and where the text stands (``sql_source``); what a statement does is told by
   ``sql_statement``, and what cannot be told is of the class ``unknown``.
2. Names of tables are completed from what the request says beside the text (the database, the default dataset).
3. A BigQuery job that puts the rows of a query into a table is a write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import sql_source
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import NO_BODY, RAW, Options, Parts, Reader
from vienna_kernel.protocol.sql_query import shown
from vienna_kernel.protocol.sql_source import Source
from vienna_kernel.protocol.sql_statement import Class, Statement, gravest, statements
from vienna_kernel.protocol.sql_text import DIALECTS, Dialect
from vienna_kernel.value import Value

MAX_STATEMENTS = 200

_JSON: frozenset[Kind] = frozenset({"json"})
_JOB = ("configuration", "query")
_KEEPS = frozenset({"WRITE_APPEND", "WRITE_EMPTY"})


def _dialect(name: str) -> Dialect:
    if name not in DIALECTS:
        raise MalformedError("sql.dialect", f"expected one of {', '.join(DIALECTS)}")
    return DIALECTS[name]


def _complete(parts: Sequence[str], source: Source) -> str:
    """A name with what the request completes it by; a name that says all stays as it is."""
    missing = len(source.namespace) + 1 - len(parts)
    if source.bare_only and len(parts) > 1:
        missing = 0
    return shown([*source.namespace[: max(0, missing)], *parts])


def _value(told: Statement, source: Source) -> dict[str, Value]:
    return {
        "statement_class": told.does,
        "tables": sorted({_complete(parts, source) for parts in told.tables}),
        "has_where": told.has_where,
        "statement": told.text,
        "kind": told.kind,
    }


def statements_value(text: str, dialect: str) -> Value:
    """What a text of SQL does, as one value: the gravest class, all tables, and each of the ``statements``.

    Errors: ``MalformedError`` for a dialect that is not known, or more statements than are read.
    """
    found = _bounded(statements(text, _dialect(dialect)))
    each = [_value(told, Source(texts=())) for told in found]
    return {
        "statement_class": gravest([told.does for told in found]),
        "tables": sorted({shown(parts) for told in found for parts in told.tables}),
        "has_where": all(told.has_where for told in found),
        "statement": "; ".join(told.text for told in found),
        "statements": each,
    }


def _bounded(found: Sequence[Statement]) -> Sequence[Statement]:
    if len(found) > MAX_STATEMENTS:
        raise MalformedError("body", f"more than {MAX_STATEMENTS} SQL statements")
    return found


def _destination(content: Content) -> tuple[Class, tuple[str, ...]] | None:
    """The table into which a BigQuery job puts the rows of its query, and what that does to it."""
    body = content.value if isinstance(content.value, Mapping) else {}
    table = pointer.find(body, (*_JOB, "destinationTable"))
    if not isinstance(table, Mapping):
        return None
    parts = [table.get(name) for name in ("projectId", "datasetId", "tableId")]
    kept = pointer.find(body, (*_JOB, "writeDisposition"))
    does: Class = "insert" if kept is MISSING or kept in _KEEPS else "truncate"
    return does, tuple(part for part in parts if isinstance(part, str) and part)


def _is_tried(content: Content) -> bool:
    """Whether a BigQuery request is a dry run."""
    body = content.value if isinstance(content.value, Mapping) else {}
    return pointer.find(body, ("configuration", "dryRun") if "configuration" in body else ("dryRun",)) is True


def _part(told: Statement, source: Source, content: Content, name: str) -> Part:
    beside: dict[str, Value] = {}
    if name == "bigquery":
        beside["dry_run"] = _is_tried(content)
        into = _destination(content)
        if into is not None:
            told = replace(told, does=gravest([told.does, into[0]]), tables=(*told.tables, into[1]))
    if source.parameters:
        beside["parameters"] = source.parameters
    if source.settings:
        beside["settings"] = source.settings
    if source.unusual:
        beside["unusual"] = source.unusual
    beside |= source.session
    return Part(operation=told.does, value={**_value(told, source), **beside}, query=source.query)


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    name = str(options.get("dialect", ""))
    dialect = _dialect(name)
    source = sql_source.read(call, query, content, options)
    found = [told for text in source.texts for told in statements(text, dialect)]
    return tuple(_part(told, source, content, name) for told in _bounded(found))


def _kinds(method: str, options: Options) -> frozenset[Kind]:
    if method != "POST":
        return NO_BODY
    return RAW if "body" in sql_source.places(options) else _JSON


READER = Reader(parts=_parts, kinds=_kinds)
"""Value: ``statement_class, tables, has_where, statement, kind`` and, where they are there, ``parameters, settings,
unusual, database, user, role`` (ClickHouse), ``dry_run`` (BigQuery); operation: the class.
"""
