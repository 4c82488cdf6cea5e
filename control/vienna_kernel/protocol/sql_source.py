"""Where in a request SQL stands, and what stands beside it that decides what it means.

1. ``body`` and ``query:<key>`` are pieces of one text, in this order joined by a line break; ``json:<pointer>`` (``*``
   is every item) are texts of their own. ClickHouse reads the query string before the body whatever a mapping says, so
   both are read.
2. What follows ``FORMAT name`` or ``VALUES`` of a ClickHouse INSERT is data, in any format; it is not read.
3. A request that makes the server read the text in another way is refused: a body of parts or in ClickHouse's own
   compression, another query language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.reader import Options, header, once
from vienna_kernel.value import Value

MAX_TEXTS = 100

_BLANK = rb"(?:[ \t\r\n]|--[^\n]*\n|/\*(?:(?!/\*|\*/).)*\*/)"
_PLAIN = rb"(?:[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_ .:-]+`|\"[A-Za-z0-9_ .:-]+\")"
# INSERT INTO [TABLE] a.b [(c, d)] FORMAT name | VALUES, where its data begins.
_INSERT = re.compile(
    rb"%(b)s*+(?P<head>INSERT%(b)s++INTO%(b)s++(?:TABLE%(b)s++)?(?!FUNCTION\b)%(n)s(?:\.%(n)s)?"
    rb"(?:%(b)s*+\(%(b)s*+%(n)s(?:%(b)s*+,%(b)s*+%(n)s)*%(b)s*+\))?)"
    rb"%(b)s*+(?:FORMAT%(b)s++[A-Za-z0-9_]++|VALUES)(?![A-Za-z0-9_])" % {b"b": _BLANK, b"n": _PLAIN},
    re.IGNORECASE | re.DOTALL,
)
_OF_CONNECTION = frozenset(
    {
        "query",
        "database",
        "user",
        "password",
        "quota_key",
        "role",
        "query_id",
        "session_id",
        "session_timeout",
    }
    | {"session_check", "close_session", "default_format", "compress", "decompress", "wait_end_of_query"}
    | {"buffer_size", "stacktrace", "client_protocol_version"}
)
# What bounds a query or shapes its answer, and changes nothing else.
_HARMLESS = frozenset(
    {
        "max_execution_time",
        "max_memory_usage",
        "max_threads",
        "max_block_size",
        "max_insert_block_size",
        "extremes",
    }
    | {"max_rows_to_read", "max_bytes_to_read", "max_result_rows", "max_result_bytes", "limit", "offset"}
    | {"read_overflow_mode", "result_overflow_mode", "timeout_overflow_mode", "join_use_nulls", "log_comment"}
    | {"date_time_input_format", "date_time_output_format", "session_timezone", "use_query_cache"}
    | {"enable_http_compression", "http_zlib_compression_level", "http_response_buffer_size", "send_timeout"}
    | {
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "receive_timeout",
        "connect_timeout",
    }
    | {"cancel_http_readonly_queries_on_client_close", "async_insert", "wait_for_async_insert"}
)
_OF_FORMAT = ("output_format_", "input_format_")
_SESSION = ("database", "user", "role")
_OF_LANGUAGE = frozenset({"dialect", "implicit_select"})
# Where a name that says less than all is completed from, by dialect.
_NAMESPACE = {
    "bigquery": (("defaultDataset", "projectId"), ("defaultDataset", "datasetId")),
    "snowflake": (("database",), ("schema",)),
    "databricks": (("catalog",), ("schema",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """SQL and its surroundings.

    Attributes:
        texts: At least one; each holds one statement or several.
        namespace: What completes a name, outermost first.
        bare_only: Only a name of one part is completed by it.
        parameters: Values for places in the text that stand in the query string.
        settings: What the request tells the server to do otherwise, by name.
        unusual: Those of them, and the role, that may change more than how the answer is told.
        session: Who asks, and where: ``database, user, role``, as far as the request says.
        query: Query parameters that are accounted for.
    """

    texts: tuple[str, ...]
    namespace: tuple[str, ...] = ()
    bare_only: bool = False
    parameters: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)
    unusual: tuple[str, ...] = ()
    session: Mapping[str, Value] = field(default_factory=dict)
    query: frozenset[str] = frozenset()


def places(options: Options) -> Sequence[str]:
    """Where statements stand, as the mapping says. Errors: ``MalformedError`` for a place that is none."""
    told = options.get("statement", "body")
    found = [told] if isinstance(told, str) else list(told)
    if options.get("dialect") == "clickhouse" and "body" in found:
        found = ["query:query", "body"]
    if not all(place == "body" or place.startswith(("query:", "json:")) for place in found):
        raise MalformedError("sql.statement", "expected body, query:<key> or json:<pointer>")
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("body", f"SQL that is not UTF-8 at byte {error.start}") from None


def _pieces(call: Call, query: Pairs, found: Sequence[str]) -> bytes | None:
    """The one text that stands in query string and body; None when there is nothing of it."""
    asked = [place.removeprefix("query:") for place in found if place.startswith("query:")]
    told = once(query, frozenset(asked))
    pieces = [told[name].encode("utf-8") for name in asked if told.get(name)]
    if "body" in found and call.body:
        pieces.append(call.body)
    return b"\n".join(pieces) if pieces else None


def _from_json(content: Content, found: Sequence[str]) -> list[str]:
    texts: list[str] = []
    if content.value is MISSING:
        return texts
    for place in found:
        if place.startswith("json:"):
            for text in pointer.every(content.value, pointer.parse(place.removeprefix("json:"))):
                if text is MISSING or text is None:
                    continue
                if not isinstance(text, str):
                    raise MalformedError("body", "an SQL statement is text")
                texts.append(text)
    if len(texts) > MAX_TEXTS:
        raise MalformedError("body", f"more than {MAX_TEXTS} SQL statements")
    return texts


def _without_data(data: bytes) -> bytes:
    """A ClickHouse INSERT without the data that follows it."""
    found = _INSERT.match(data)
    return found["head"] + b" VALUES (1)" if found else data


def _session(call: Call, told: Mapping[str, str]) -> dict[str, str]:
    """Who asks, and in which database. Errors: ``MalformedError`` when two are named."""
    found: dict[str, str] = {}
    for name in _SESSION:
        said = header(call, f"x-clickhouse-{name}")
        if said and told.get(name, said) != said:
            raise MalformedError("query", f"two of {name}")
        if value := said or told.get(name):
            found[name] = value
    return found


def _is_harmless(name: str, value: str) -> bool:
    """A setting that bounds a query or shapes its answer, or that makes the session read only."""
    if name == "readonly":
        return value in ("1", "2")
    return name in _HARMLESS or name.startswith(_OF_FORMAT)


def _clickhouse(call: Call, query: Pairs) -> Source:
    """What ClickHouse takes from the request beside the text."""
    told = dict(query)
    if len(told) != len(query):
        raise MalformedError("query", "a query parameter stands there twice")
    if call.content_type is not None and call.content_type.startswith("multipart/"):
        raise MalformedError("body", "SQL in a body of parts")
    if told.get("decompress", "0") not in ("0", "false") and call.body:
        raise MalformedError("body", "SQL in ClickHouse's own compression")
    if told.keys() & _OF_LANGUAGE:
        raise MalformedError("query", "a setting that changes the language of the query")
    session = _session(call, told)
    name = session.get("database")
    rest = {key: value for key, value in told.items() if key not in _OF_CONNECTION}
    settings = {key: value for key, value in rest.items() if not key.startswith("param_")}
    unusual = [key for key, value in settings.items() if not _is_harmless(key, value)]
    return Source(
        texts=(),
        namespace=(name,) if name else (),
        parameters={key[6:]: value for key, value in rest.items() if key.startswith("param_")},
        settings=settings,
        unusual=(*unusual, *(["role"] if "role" in session else [])),
        session=session,
        query=frozenset(told),
    )


def _namespace(dialect: str, content: Content) -> tuple[str, ...]:
    if not isinstance(content.value, Mapping):
        return ()
    found: list[str] = []
    for way in reversed(_NAMESPACE.get(dialect, ())):
        part = pointer.find(content.value, way)
        if not isinstance(part, str) or not part:
            break
        found.insert(0, part)
    return tuple(found)


def read(call: Call, query: Pairs, content: Content, options: Options) -> Source:
    """The SQL of a request. Errors: ``MalformedError``."""
    dialect = str(options.get("dialect", ""))
    found = places(options)
    beside = _clickhouse(call, query) if dialect == "clickhouse" else Source(texts=())
    texts = _from_json(content, found)
    whole = _pieces(call, query, found)
    if whole is not None:
        texts.append(_text(_without_data(whole) if dialect == "clickhouse" else whole))
    if not texts:
        raise MalformedError("body", "no SQL where the mapping looks for it")
    asked = frozenset(place.removeprefix("query:") for place in found if place.startswith("query:"))
    return Source(
        texts=tuple(texts),
        namespace=beside.namespace or _namespace(dialect, content),
        bare_only=dialect == "bigquery",  # the project of a name with a dataset is that of the request
        parameters=beside.parameters,
        settings=beside.settings,
        unusual=beside.unusual,
        session=beside.session,
        query=beside.query | asked,
    )
