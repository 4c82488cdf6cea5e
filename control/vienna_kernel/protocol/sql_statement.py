"""One SQL statement: its class, the tables it names, whether a condition bounds it.

1. The class comes from the words it begins with. A read or a change of rows must be understood in full besides
   (``sql_query``); a read that writes is of the class of its write. What is not understood is ``unknown``.
2. Of several things that one statement does the gravest counts: select, insert, merge, update, delete, ddl, truncate,
   drop, grant, admin, unknown.
3. What takes data away is no mere ``ddl``: replacing a table, dropping a column or a partition is ``drop``, overwriting
   a table by an INSERT is ``truncate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from vienna_kernel.protocol import sql_query
from vienna_kernel.protocol.sql_text import Dialect, Token, Tokens, scan, shown, split
from vienna_kernel.protocol.sql_words import dotted

type Class = Literal[
    "select", "insert", "merge", "update", "delete", "ddl", "truncate", "drop", "grant", "admin", "unknown"
]

GRAVITY: tuple[Class, ...] = (
    "select",
    "insert",
    "merge",
    "update",
    "delete",
    "ddl",
    "truncate",
    "drop",
    "grant",
    "admin",
    "unknown",
)

_ROWS = frozenset(
    {"SELECT", "WITH", "FROM", "VALUES", "TABLE", "INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE"}
)
_LEADING: Mapping[str, Class] = {
    "TRUNCATE": "truncate",
    "DROP": "drop",
    "DETACH": "drop",
    **dict.fromkeys(("CREATE", "ALTER", "RENAME", "EXCHANGE", "COMMENT", "UNDROP", "UNDELETE"), "ddl"),
    **dict.fromkeys(("GRANT", "REVOKE", "DENY", "REASSIGN"), "grant"),
    **dict.fromkeys(
        ("SET", "RESET", "USE", "SYSTEM", "KILL", "OPTIMIZE", "VACUUM", "ANALYZE", "REINDEX"), "admin"
    ),
    **dict.fromkeys(
        ("CLUSTER", "REFRESH", "LOCK", "BACKUP", "RESTORE", "CHECKPOINT", "DISCARD", "FLUSH"), "admin"
    ),
    **dict.fromkeys(
        ("SHUTDOWN", "ATTACH", "MOVE", "UNSET", "CANCEL", "MSCK", "CACHE", "UNCACHE", "CLEAR"), "admin"
    ),
}
_EXPLAIN_WORDS = frozenset(
    {"EXPLAIN", "ANALYZE", "VERBOSE", "PLAN", "AST", "SYNTAX", "PIPELINE", "ESTIMATE", "QUERY", "TREE"}
    | {"EXTENDED", "FORMATTED", "CODEGEN", "COST", "LOGICAL"}
)
_TELLING = frozenset({"SHOW", "DESCRIBE", "DESC", "EXISTS"})
_NOT_TOLD = sql_query.WRITING - {"CREATE"} | {"ANALYZE", "SELECT", "WITH"}
# What a CREATE or ALTER is of, when it is of rights, and the words that may stand before.
_RIGHTS = frozenset(
    {"USER", "ROLE", "GROUP", "LOGIN", "POLICY", "QUOTA", "PROFILE", "INTEGRATION", "SHARE", "SECRET"}
)
_QUALIFIERS = frozenset(
    {"OR", "REPLACE", "ROW", "ACCESS", "SETTINGS", "MASKING", "NETWORK", "STORAGE", "SECURITY"}
)
# What an ALTER does: takes data away, changes rows (ClickHouse), anything else.
_TAKES = frozenset({"DROP", "CLEAR", "DETACH", "REPLACE", "TRUNCATE"})
_ROW_CHANGES: Mapping[frozenset[str], Class] = {
    frozenset({"UPDATE"}): "update",
    frozenset({"DELETE"}): "delete",
}
_ACTIONS = frozenset(
    {
        "ADD",
        "MODIFY",
        "ALTER",
        "RENAME",
        "COMMENT",
        "MATERIALIZE",
        "FREEZE",
        "UNFREEZE",
        "FETCH",
        "ATTACH",
        "MOVE",
    }
    | {"RESET", "OWNER", "ENABLE", "DISABLE", "SET", "UPDATE", "DELETE"}
    | _TAKES
)
# After DROP in an ALTER: what holds no data.
_HOLDS_NOTHING = frozenset({"NOT", "DEFAULT", "CONSTRAINT", "INDEX", "IDENTITY", "EXPRESSION", "PROJECTION"})
# Words behind which names of tables (or what holds them) stand, and those that may stand between.
_BEFORE_NAMES = frozenset(
    {"TABLE", "TABLES", "VIEW", "DATABASE", "SCHEMA", "DICTIONARY", "INTO", "FROM", "JOIN"}
)
_BEFORE_OTHERS = {"RENAME": frozenset({"TO"}), "GRANT": frozenset({"ON"}), "REVOKE": frozenset({"ON"})}
_BETWEEN = frozenset({"IF", "EXISTS", "NOT", "ONLY", "TABLE", "TEMPORARY"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one statement does.

    Attributes:
        tables: Sorted; each as the parts of its name, as many as the statement says.
        has_where: Its changes of rows are bounded by a condition that is not plainly true.
        text: Literals as ``?``; empty when the text is doubtful.
        kind: The root of its tree, else its first word, lower-case.
    """

    does: Class
    tables: tuple[tuple[str, ...], ...] = ()
    has_where: bool = False
    text: str = ""
    kind: str = ""


def gravest(found: Sequence[Class]) -> Class:
    return max(found, key=GRAVITY.index, default="unknown")


def _first(tokens: Tokens) -> str:
    """The first word, brackets before it left out; empty when something else comes first."""
    word = next((token for token in tokens if token.text != "("), None)
    return word.word if word is not None else ""


def _named(tokens: Tokens, before: frozenset[str] = _BEFORE_NAMES) -> tuple[tuple[str, ...], ...]:
    """Dotted names behind the words that names of tables follow."""
    places = [at + 1 for at, token in enumerate(tokens) if token.word in before]
    return tuple(sorted({name for at in places for name in _listed(tokens, at)}))


def _listed(tokens: Tokens, at: int) -> Iterator[tuple[str, ...]]:
    """The names from a place on, as long as a comma (or AND) and another one follow."""
    while True:
        while at < len(tokens) and tokens[at].word in _BETWEEN:
            at += 1
        name = dotted(tokens, at)
        if not name:
            return
        yield name
        at += 2 * len(name) - 1
        if at >= len(tokens) or (tokens[at].text != "," and tokens[at].word != "AND"):
            return
        at += 1


def _of_rows(tokens: Tokens, dialect: Dialect) -> tuple[Class, sql_query.Reading | None]:
    if [token.word for token in tokens[:2]] == ["REPLACE", "TABLE"]:
        return "drop", None
    reading = sql_query.read(tokens, dialect)
    if reading is None:
        return "unknown", None
    does: list[Class] = ["select", *reading.does]  # type: ignore[list-item]  # the keys are the names of classes
    return gravest([*does, "truncate"] if reading.overwrites else does), reading


def _of_definition(words: Sequence[str]) -> Class:
    """CREATE and ALTER, of which some are worse than they look."""
    what = next((word for word in words[1:] if word not in _QUALIFIERS), "")
    if what in _RIGHTS:
        return "grant"
    if words[0] == "CREATE":
        return "drop" if what == "TABLE" and "REPLACE" in words[: words.index(what)] else "ddl"
    if what == "SYSTEM":
        return "admin"
    actions = frozenset(words[1:]) & _ACTIONS
    if actions in _ROW_CHANGES:
        return _ROW_CHANGES[actions]
    takes = (
        word in _TAKES and not (word == "DROP" and after in _HOLDS_NOTHING)
        for word, after in pairwise([*words, ""])
    )
    return "drop" if any(takes) else "ddl"


def _bounded(tokens: Tokens, dialect: Dialect) -> bool:
    """Whether the one condition of an ALTER that changes rows keeps anything out."""
    at = [i for i, token in enumerate(tokens) if token.word == "WHERE"]
    if len(at) != 1:
        return False
    probe = [Token("word", word, True) for word in ("DELETE", "FROM", "t")]
    reading = sql_query.read([*probe, *tokens[at[0] :]], dialect)
    return reading is not None and reading.has_where


def _explained(tokens: Tokens) -> Tokens:
    """The statement that an EXPLAIN is about."""
    at = 0
    while at < len(tokens) and tokens[at].word in _EXPLAIN_WORDS:
        at += 1
    return tokens[at:]


def _is_telling(tokens: Tokens) -> bool:
    """Whether it only tells of what there is: words and names, nothing that could run."""
    if tokens[0].word not in _TELLING:
        return False
    marks = all(token.kind != "mark" or token.text in ".,=*" for token in tokens)
    return marks and not any(token.word in _NOT_TOLD for token in tokens)


def _classified(tokens: Tokens, dialect: Dialect) -> Statement:
    if tokens and tokens[0].word == "EXPLAIN":
        tokens = _explained(tokens)
    first = _first(tokens)
    if not first:
        return Statement(does="unknown")
    kind = first.lower()
    if first in _ROWS:
        does, reading = _of_rows(tokens, dialect)
        if reading is None:
            return Statement(does=does, tables=_named(tokens), kind=kind)
        return Statement(does=does, tables=reading.tables, has_where=reading.has_where, kind=reading.kind)
    if _is_telling(tokens):
        return Statement(does="select", tables=_named(tokens), kind=kind)
    words = [token.word for token in tokens]
    does = _LEADING.get(words[0], "unknown")
    if ("PARALLEL", "WITH") in pairwise(words):  # ClickHouse: another statement follows
        does = "unknown"
    if does == "ddl" and first in ("CREATE", "ALTER"):
        does = _of_definition(words)
    bounded = does in ("update", "delete") and _bounded(tokens, dialect)
    before = _BEFORE_NAMES | _BEFORE_OTHERS.get(first, frozenset())
    return Statement(does=does, tables=_named(tokens, before), has_where=bounded, kind=kind)


def statements(text: str, dialect: Dialect) -> tuple[Statement, ...]:
    """The statements of a text, at least one; one ``unknown`` where it is doubtful, empty or too long."""
    tokens = scan(text, dialect)
    found = split(tokens) if tokens else []
    if not found:
        return (Statement(does="unknown"),)
    return tuple(replace(_classified(one, dialect), text=shown(one, dialect)) for one in found)
