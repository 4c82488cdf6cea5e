"""What the words of a statement say by themselves: a second opinion on the grammar.

sqlglot leaves things out of its tree: of a second list of arguments all but the first, what stands beside a parameter
in braces, the tables of a query within ARRAY JOIN. So whatever stands before a bracket must be a word of the language,
a type, a plain function, or a name with a list of columns behind it; braces hold nothing but a parameter; and a name
behind FROM or JOIN is to be found among the tables of the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from vienna_kernel.protocol.sql_functions import DENIED, TABLES, is_plain, may_be_own
from vienna_kernel.protocol.sql_text import Dialect, Tokens

_WORDS = frozenset(
    "SELECT DISTINCT ALL FROM JOIN LATERAL ON USING WHERE PREWHERE HAVING QUALIFY BY GROUP ORDER PARTITION OVER "
    "WITHIN FILTER AND OR XOR NOT IN ANY SOME EXISTS BETWEEN LIKE ILIKE RLIKE REGEXP IS AS CASE WHEN THEN ELSE "
    "VALUES ROW ARRAY STRUCT TUPLE UNION EXCEPT INTERSECT MINUS EXCLUDE REPLACE RENAME LIMIT OFFSET FETCH TOP "
    "INTERVAL AT BEFORE SETS ROLLUP CUBE PIVOT UNPIVOT TABLE TABLESAMPLE SAMPLE SYSTEM BERNOULLI BLOCK REPEATABLE "
    "MATERIALIZED ONLY SET RETURNING CONFLICT KEY WINDOW COLUMNS DIV MOD OVERLAPS TO FOR WITH RECURSIVE INSERT "
    "ORDINALITY ESCAPE ALIAS COLLATE GLOBAL DESC ASC NULLS ROWS RANGE GROUPS INTO CAST SAFE_CAST TRY_CAST CONVERT "
    "EXTRACT TRIM SUBSTRING POSITION OVERLAY GROUPING IF COUNT".split()
)
_TYPES = frozenset(
    "CHAR VARCHAR NCHAR NVARCHAR CHARACTER VARYING BPCHAR STRING TEXT BINARY VARBINARY BIT DECIMAL NUMERIC NUMBER DEC "
    "BIGNUMERIC FLOAT DOUBLE INT INTEGER BIGINT SMALLINT TINYINT TIME TIMETZ TIMESTAMP TIMESTAMPTZ TIMESTAMP_NTZ "
    "DATETIME DATETIME64 DECIMAL32 DECIMAL64 DECIMAL128 DECIMAL256 FIXEDSTRING NULLABLE LOWCARDINALITY MAP NESTED ENUM "
    "ENUM8 ENUM16 VECTOR VARIANT OBJECT GEOMETRY GEOGRAPHY AGGREGATEFUNCTION SIMPLEAGGREGATEFUNCTION ZONE".split()
)
_NAMESPACES = frozenset({"SAFE", "NET"})
# Calls that have a FROM of their own: EXTRACT(YEAR FROM d).
_FROM_WITHIN = frozenset({"EXTRACT", "TRIM", "LTRIM", "RTRIM", "SUBSTRING", "SUBSTR", "OVERLAY", "POSITION"})
_NO_NAMES = frozenset({"SELECT", "VALUES", "UNNEST", "TABLE", "LATERAL", "ONLY", "ROWS"})
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "FROM", "INSERT", "UPDATE", "DELETE", "MERGE"})


def _close(tokens: Tokens, at: int) -> int:
    """Where the bracket at a place closes."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].text == "(") - (tokens[i].text == ")") if tokens[i].kind == "mark" else 0
        if depth == 0:
            return i
    return len(tokens)


def _is_target(tokens: Tokens, at: int) -> bool:
    """Whether the dotted name that ends here is what an INSERT puts rows into."""
    while at >= 2 and tokens[at - 1].text == ".":
        at -= 2
    return at >= 1 and tokens[at - 1].word in ("INTO", "TABLE", "OVERWRITE") and tokens[0].word != "SELECT"


def _has_columns(tokens: Tokens, at: int) -> bool:
    """Whether a list of names stands behind the name here: of an alias, of a WITH entry, of an INSERT."""
    end = _close(tokens, at + 1)
    inside = tokens[at + 2 : end]
    if not all(
        token.kind in ("word", "name") if i % 2 == 0 else token.text == "," for i, token in enumerate(inside)
    ):
        return False
    if _is_target(tokens, at):
        return True
    before = tokens[at - 1].word if at else ""
    after = [token.word or token.text for token in tokens[end + 1 : end + 5]]
    after = [text for text in after if text not in ("NOT", "MATERIALIZED")]
    begins = after[:2] == ["AS", "("] and after[2:3] and after[2] in _QUERIES
    return before == "AS" or (
        bool(begins) and (before in ("WITH", "RECURSIVE") or tokens[at - 1].text == ",")
    )


def _is_known(tokens: Tokens, at: int, dialect: Dialect, functions: Collection[str]) -> bool:
    token = tokens[at]
    if token.kind == "name" or (at and tokens[at - 1].text == "."):
        space = tokens[at - 2].word if at >= 2 and token.kind == "word" else ""
        if space not in _NAMESPACES:
            return _has_columns(tokens, at)
    if (
        token.word in _WORDS
        or token.word in _TYPES
        or token.text.lower() in TABLES
        or is_plain(token.text, dialect)
    ):
        return True
    own = may_be_own(token.text, dialect) or token.text.lower().replace("_", "") in DENIED
    return (token.word in functions and not own) or _has_columns(tokens, at)


def _is_parameter(tokens: Tokens, at: int) -> bool:
    """``{name: Type}``, as ClickHouse has it."""
    kinds = [token.kind for token in tokens[at + 1 : at + 4 : 2]]
    if kinds != ["word", "word"] or tokens[at + 2].text != ":":
        return False
    end = at + 4
    if end < len(tokens) and tokens[end].text == "(":
        end = _close(tokens, end) + 1
    return end < len(tokens) and tokens[end].text == "}"


def are_known(tokens: Tokens, dialect: Dialect, functions: Collection[str]) -> bool:
    """Whether nothing is called that is not plain.

    Args:
        functions: Names in upper case that the grammar knows for functions.
    """
    for at, token in enumerate(tokens):
        if token.text == "{" and token.kind == "mark" and not _is_parameter(tokens, at):
            return False
        called = token.kind in ("word", "name") and at + 1 < len(tokens) and tokens[at + 1].text == "("
        if called and not _is_known(tokens, at, dialect, functions):
            return False
    return True


def sources(tokens: Tokens) -> Iterator[tuple[str, ...]]:
    """The dotted names that stand behind FROM and JOIN."""
    opened: list[str] = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        if token.kind == "mark":
            if token.text == "(":
                opened.append(before.word if before is not None else "")
            elif token.text == ")":
                opened.pop()
        if token.word not in ("FROM", "JOIN") or (
            before is not None and before.word in ("DISTINCT", "FILL", "ARRAY")
        ):
            continue
        if token.word == "FROM" and opened and opened[-1] in _FROM_WITHIN:
            continue
        name = dotted(tokens, at + 1)
        end = at + 2 * len(name)
        is_call = end < len(tokens) and tokens[end].text == "("  # which ``are_known`` judges
        if name and not is_call and tokens[at + 1].word not in _NO_NAMES:
            yield name


def dotted(tokens: Tokens, at: int) -> tuple[str, ...]:
    """The parts of the name that begins at a place; none when there is none."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "name"):
        parts.append(tokens[at].text)
        if at + 1 >= len(tokens) or tokens[at + 1].text != ".":
            break
        at += 2
    return tuple(parts)
