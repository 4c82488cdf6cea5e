"""Nothing slips through what the grammar leaves out: a call or a table put anywhere into a read is found."""

from __future__ import annotations

from types import ModuleType

import pytest

from mutant import mutant
from vienna_kernel.protocol import sql_query
from vienna_kernel.protocol.sql_text import DIALECTS, Dialect, Token, Tokens, scan
from vienna_kernel.protocol.sql_words import are_known, sources

READS = {
    "clickhouse": [
        "SELECT a, sumIf(x, y > 1), quantile(0.9)(z) FROM db.t AS t FINAL ARRAY JOIN c AS q PREWHERE d > 1 "
        "WHERE a IN (1, 2) GROUP BY a ORDER BY c DESC LIMIT 10 SETTINGS max_threads = 1 FORMAT JSON",
        "WITH x AS (SELECT 1 AS a) SELECT [1, 2][1], CAST(a AS Nullable(String)), if(a = 1, 2, 3), {p:Int32}, "
        "arrayMap(x -> x + 1, b) FROM x LEFT JOIN y USING (a)",
    ],
    "postgres": [
        "SELECT DISTINCT ON (a) a->'b', a::int, ARRAY[1, 2], count(*) FILTER (WHERE a), sum(a) OVER (PARTITION BY b) "
        "FROM s.t AS t JOIN LATERAL (SELECT 1) l ON true WHERE a = ANY($1) AND b IS DISTINCT FROM c",
        "SELECT jsonb_build_object('a', 1) FROM generate_series(1, 10) AS g(a) LIMIT 5 OFFSET 2",
    ],
    "bigquery": [
        "SELECT a.b, ARRAY_AGG(x IGNORE NULLS ORDER BY y LIMIT 1), STRUCT(1 AS a), SAFE_CAST(a AS INT64) "
        "FROM `p.d.t` AS t, UNNEST(c) AS z WITH OFFSET o WHERE d > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
    ],
    "snowflake": [
        "SELECT a:b.c::string, IFF(a, b, c), LISTAGG(a, ',') WITHIN GROUP (ORDER BY a) "
        "FROM db.s.t t, LATERAL FLATTEN(input => t.x) f WHERE a ILIKE 'x' QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1"
    ],
    "databricks": [
        "SELECT explode(c), map('a', 1), from_json(a, 'b INT') FROM c.s.t LATERAL VIEW explode(c) x AS y WHERE a"
    ],
}
CASES = [(name, text) for name, texts in READS.items() for text in texts]


def tokens_of(text: str, dialect: Dialect) -> list[Token]:
    found = scan(text, dialect)
    assert found is not None
    return found


def with_piece(text: str, piece: str, name: str) -> list[Tokens]:
    """The statement with a piece at every place, and instead of every token."""
    dialect = DIALECTS[name]
    tokens, put = tokens_of(text, dialect), tokens_of(" " + piece, dialect)
    after = [[*tokens[:i], *put, *tokens[i:]] for i in range(1, len(tokens) + 1)]
    return [*after, *([*tokens[:i], *put, *tokens[i + 1 :]] for i in range(1, len(tokens)))]


def no_call_slips_through(module: ModuleType, name: str, text: str) -> None:
    for piece in ("zzz(1)", ", zzz(1)", "AND zzz(1)", "= zzz(1)", ", (SELECT zzz(1))", "(zzz(1))"):
        for tokens in with_piece(text, piece, name):
            assert module.read(tokens, DIALECTS[name]) is None


def no_table_slips_through(module: ModuleType, name: str, text: str) -> None:
    for piece in (
        ", (SELECT a FROM zzz)",
        "(SELECT a FROM zzz)",
        "CROSS JOIN zzz",
        "AND a IN (SELECT a FROM zzz)",
        "UNION ALL SELECT a FROM zzz",
    ):
        for tokens in with_piece(text, piece, name):
            reading = module.read(tokens, DIALECTS[name])
            named = {part.lower() for parts in reading.tables for part in parts} if reading else {"zzz"}
            # behind ARRAY JOIN stand columns
            array = any(
                a.word == "ARRAY" and c.text == "zzz" for a, c in zip(tokens, tokens[3:], strict=False)
            )
            assert "zzz" in named or array, " ".join(token.text for token in tokens)


@pytest.mark.parametrize(("name", "text"), CASES)
def test_no_call_slips_through(name: str, text: str) -> None:
    assert sql_query.read(tokens_of(text, DIALECTS[name]), DIALECTS[name]) is not None
    no_call_slips_through(sql_query, name, text)


@pytest.mark.parametrize(("name", "text"), CASES)
def test_no_table_slips_through(name: str, text: str) -> None:
    no_table_slips_through(sql_query, name, text)


def test_without_the_second_opinion_calls_and_tables_do_slip_through() -> None:
    trusting = mutant(sql_query, "if not _leaves_nothing_out(tree, tokens, dialect):", "if tree is None:")
    with pytest.raises(AssertionError):
        no_call_slips_through(trusting, *CASES[0])
    trusting = mutant(sql_query, 'return bool(node.this.key != "column")', "return True")
    trusting.sources = lambda tokens: ()  # type: ignore[attr-defined]
    with pytest.raises(AssertionError):
        no_table_slips_through(trusting, *CASES[0])


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("SELECT lower(a), CAST(a AS DECIMAL(10, 2)) FROM t", True),
        ("INSERT INTO s.t (a, b) VALUES (1, 2)", True),
        ('INSERT INTO "T" ("a", b) VALUES (1, 2)', True),
        (
            "WITH x (a, b) AS (SELECT 1, 2), y (c) AS MATERIALIZED (SELECT 3) SELECT * FROM x AS z (d, e)",
            True,
        ),
        ("SELECT zzz(a) AS (b)", False),
        ("SELECT zzz (a)", False),
        ("SELECT zzz(a, b)", False),
        ('SELECT "zzz"(a)', False),
        ("SELECT s.lower(a)", False),
        ("INSERT INTO t (zzz(1)) VALUES (1)", False),
        ("WITH x (zzz(1)) AS (SELECT 1) SELECT 1", False),
        ("SELECT AS zzz(1)", False),
        ("SELECT * FROM zzz(a)", False),
        ("SELECT into (a)", True),
    ],
)
def test_what_stands_before_a_bracket_is_known(text: str, known: bool) -> None:
    dialect = DIALECTS["postgres"]
    assert are_known(tokens_of(text, dialect), dialect, frozenset()) is known


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("{a:Int8}", True),
        ("{a:Array(Int8)}", True),
        ("{a}", False),
        ("{'a': 1}", False),
        ("{a: zzz(1)}", False),
        ("{a:b AND c}", False),
    ],
)
def test_braces_hold_a_parameter(text: str, known: bool) -> None:
    dialect = DIALECTS["clickhouse"]
    assert are_known(tokens_of(text, dialect), dialect, frozenset()) is known


def test_sources_are_what_stands_behind_from_and_join() -> None:
    text = (
        "SELECT EXTRACT(YEAR FROM d), TRIM(BOTH 'a' FROM b), a IS DISTINCT FROM c FROM s.t "
        "JOIN u ON (SELECT 1 FROM v, numbers(1)) = 1 ARRAY JOIN w, x FROM (SELECT 1)"
    )
    assert list(sources(tokens_of(text, DIALECTS["clickhouse"]))) == [("s", "t"), ("u",), ("v",)]
