"""What a query or a change of rows does, by its grammar: tables, writes within reads, conditions.

1. sqlglot reads the harmless text of ``sql_text``. It accepts more than servers do, so its word alone is not enough:
   every node must be of a kind that is known to be plain, every function by its name (``sql_functions``), no word that
   writes may stand there which the tree does not explain, and the tree may leave nothing out (``sql_words``).
2. A table is named in full as far as the statement says; the name of a ``WITH`` is none where it is in scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from vienna_kernel.protocol import sql_functions
from vienna_kernel.protocol.sql_text import Dialect, Tokens, written
from vienna_kernel.protocol.sql_where import Node, constrains
from vienna_kernel.protocol.sql_words import are_known, sources

# What sqlglot's parser raises besides its own errors: it is not total.
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_SOUND = frozenset(
    "alias any array attimezone between boolean bracket column columndef cte datatype datatypeparam "
    "distinct distribute except fetch filter final from group groupingsets having hint historicaldata "
    "identifier ignorenulls in intersect interval intervalspan join joinhint jsonextractquote "
    "jsonkeyvalue jsonpath jsonpathkey jsonpathroot jsonpathsubscript jsonpathwildcard jsonpathrecursive "
    "jsonpathslice jsonpathfilter lambda lateral limit limitoptions literal null offset order ordered "
    "parameter paren placeholder pivot pivotalias pivotany prewhere qualify respectnulls rollup cube "
    "schema select setoperation sort star subquery table tablealias tablefromrows tablesample tuple "
    "union unpivotcolumns values var version where window windowspec with withfill withingroup cluster "
    "collate hexstring bitstring bytestring national rawstring overflowtruncatebehavior positionalcolumn "
    "slice dictrange kwarg insert update delete merge when whens onconflict returning usingdata setitem "
    "partition".split()
)
_ODD_OPERATORS = frozenset({"operator", "match", "nestedjsonselect"})
_CALLS = frozenset(
    {"anonymous", "anonymousaggfunc", "parameterizedagg", "combinedaggfunc", "combinedparameterizedagg"}
)
_TABLE_LIKE = frozenset({"table", "tablefromrows", "lateral"})
_READS = frozenset({"select", "union", "intersect", "except", "subquery", "values"})
_CHANGES = frozenset({"insert", "update", "delete", "merge"})
# Words that write, run or keep something; the tree must explain each.
WRITING = frozenset(
    "INSERT UPDATE DELETE MERGE INTO OVERWRITE CREATE DROP ALTER TRUNCATE GRANT REVOKE CALL EXEC EXECUTE COPY UNLOAD "
    "EXPORT OUTFILE INFILE DUMPFILE ATTACH DETACH KILL OPTIMIZE RENAME VACUUM PERFORM NEXTVAL LOCK UPSERT".split()
)
_EXPLAINED = {
    "insert": frozenset({"INSERT", "INTO", "OVERWRITE", "UPDATE"}),  # ON CONFLICT DO UPDATE
    "update": frozenset({"UPDATE"}),
    "delete": frozenset({"DELETE"}),
    "merge": frozenset({"MERGE", "INTO", "INSERT", "UPDATE", "DELETE"}),
}
_TABLE_FUNCTIONS = frozenset(name.replace("_", "") for name in sql_functions.TABLES)
_PLAIN_PART = re.compile(r"[A-Za-z0-9_$-]+\Z")
_LOWER = frozenset({"postgres", "redshift", "databricks", "spark", "sqlite", "duckdb", "trino", "athena"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a statement does.

    Attributes:
        does: Keys of what changes rows, in the order of the text; empty for a plain read.
        overwrites: It takes away what the table held before.
        tables: Sorted, each ``catalog.schema.table`` as far as it says.
        has_where: Every change of rows that may have a condition has one that keeps something out; of a read, the
            outermost has.
    """

    kind: str
    does: tuple[str, ...]
    overwrites: bool
    tables: tuple[tuple[str, ...], ...]
    has_where: bool


@cache
def _sqlglot() -> Any:
    import sqlglot  # heavy: loaded when first used

    sqlglot.parser.logger.disabled = True  # it would write parts of statements into the log
    return sqlglot


def _tree(text: str, dialect: Dialect) -> Node | None:
    """The one statement of a text, None when sqlglot does not know it."""
    library = _sqlglot()
    try:
        trees = library.parse(text, read=dialect.grammar)
    except (library.errors.SqlglotError, *_FAULTS):
        return None
    return trees[0] if len(trees) == 1 else None


def _is_sound(node: Node, dialect: Dialect) -> bool:
    library = _sqlglot()
    key = node.key
    if key in _CALLS:
        return _stands_for_table(node) or sql_functions.is_plain(_called(node), dialect)
    if isinstance(node, library.exp.Func):
        return key not in sql_functions.DENIED
    if key == "from":
        return bool(node.this.key != "column")
    if key == "dot":
        return not isinstance(node.expression, library.exp.Func)
    if key in _TABLE_LIKE:
        return _is_sound_table(node)
    if isinstance(node, (library.exp.Binary, library.exp.Unary, library.exp.Predicate)):
        return key not in _ODD_OPERATORS
    return key in _SOUND


def _stands_for_table(node: Node) -> bool:
    """Whether a call is judged with the table that it is."""
    return node.parent is not None and node.parent.key in _TABLE_LIKE and node.arg_key == "this"


def _called(node: Node) -> str:
    return node.this if isinstance(node.this, str) else str(node.name)


def _is_sound_table(node: Node) -> bool:
    library = _sqlglot()
    inner = node.this
    if isinstance(inner, library.exp.Func):
        name = _called(inner) if inner.key in _CALLS else inner.sql_name()
        return not node.args.get("db") and name.lower().replace("_", "") in _TABLE_FUNCTIONS
    if node.key != "table":
        return bool(inner.key in ("subquery", "table"))
    return all(part.key == "identifier" for part in node.parts)


def _leaves_nothing_out(tree: Node, tokens: Tokens, dialect: Dialect) -> bool:
    """Whether what the words say is what the tree says: sqlglot drops some of what it reads."""
    exp = _sqlglot().exp
    if sum(token.word == "SELECT" for token in tokens) != sum(1 for _ in tree.find_all(exp.Select)):
        return False
    found = {_source(node) for node in tree.find_all(exp.Table, exp.Func)}
    return all(".".join(name).lower() in found for name in sources(tokens)) and are_known(
        tokens, dialect, exp.FUNCTION_BY_NAME
    )


def _source(node: Node) -> str:
    if node.key == "table" and not isinstance(node.this, _sqlglot().exp.Func):
        return ".".join(str(part.name) for part in node.parts).lower()
    inner = node.this if node.key == "table" else node
    return (_called(inner) if inner.key in _CALLS else str(inner.sql_name())).lower()


def _visible(table: Node) -> Iterator[Node]:
    """The ``WITH`` entries that a name at this place may mean."""
    below, at = table, table.parent
    while at is not None:
        if at.key == "with":
            for entry in at.expressions:
                if entry is below:
                    break
                yield entry
            if at.args.get("recursive"):
                yield below
        else:
            group = at.args.get("with_")
            if group is not None and group is not below:
                yield from group.expressions
        below, at = at, at.parent


def _is_with(table: Node) -> bool:
    """Whether a table is the name of a ``WITH`` entry that is a query."""
    if len(table.parts) != 1:
        return False
    name = table.this
    for entry in _visible(table):
        own = entry.args["alias"].this if entry.args.get("alias") else None
        if own is None or entry.this.key not in _READS | _CHANGES or entry.args.get("scalar"):
            continue
        if own.name == name.name and own.args.get("quoted") == name.args.get("quoted"):
            return True
    return False


def _folded(part: Node, dialect: Dialect) -> str:
    """A name as its server compares it."""
    text, quoted = str(part.name), bool(part.args.get("quoted"))
    if dialect.grammar in _LOWER and not (quoted and dialect.grammar in ("postgres", "redshift")):
        return text.lower()
    return text.upper() if dialect.grammar == "snowflake" and not quoted else text


def _tables(tree: Node, dialect: Dialect) -> tuple[tuple[str, ...], ...]:
    library = _sqlglot()
    found = set()
    for node in tree.find_all(library.exp.Table):
        if not isinstance(node.this, library.exp.Func) and not _is_with(node):
            found.add(tuple(_folded(part, dialect) for part in node.parts))
    return tuple(sorted(found))


def _changes(tree: Node) -> list[Node]:
    """What changes rows; the branches of a MERGE are the MERGE's."""
    return [
        node for node in tree.walk() if node.key in _CHANGES and (node is tree or node.parent.key != "when")
    ]


def _has_where(tree: Node, changes: Sequence[Node]) -> bool:
    told = [node for node in changes if node.key in ("update", "delete")] or ([] if changes else [tree])
    wheres = [(node.args.get("where"), node.args.get("prewhere")) for node in told]
    return bool(told) and all(any(place is not None and constrains(place) for place in row) for row in wheres)


def read(tokens: Tokens, dialect: Dialect) -> Reading | None:
    """What one statement does; None when it is not surely a plain query or change of rows."""
    try:
        return _read(tokens, dialect)
    except RecursionError:  # a tree too deep to be walked
        return None


def _read(tokens: Tokens, dialect: Dialect) -> Reading | None:
    tree = _tree(written(tokens, dialect), dialect)
    if tree is None or tree.key not in _READS | _CHANGES:
        return None
    if not all(_is_sound(node, dialect) for node in tree.walk()):
        return None
    if not _leaves_nothing_out(tree, tokens, dialect):
        return None
    changes = _changes(tree)
    explained = frozenset[str]().union(*(_EXPLAINED[node.key] for node in changes))
    if any(token.word in WRITING - explained for token in tokens):
        return None
    return Reading(
        kind=tree.key,
        does=tuple(node.key for node in changes),
        overwrites=any(
            node.args.get("overwrite") or node.args.get("where") for node in changes if node.key == "insert"
        ),
        tables=_tables(tree, dialect),
        has_where=_has_where(tree, changes),
    )


def shown(parts: Sequence[str]) -> str:
    """The parts of a name with dots between; a part that could be taken for more is quoted."""
    return ".".join(part if _PLAIN_PART.match(part) else f'"{part}"' for part in parts)
