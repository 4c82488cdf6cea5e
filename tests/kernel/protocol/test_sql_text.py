"""What is text, what is a literal, what is a comment: one reading, or a doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.protocol.sql_text import (
    DIALECTS,
    MAX_CHARS,
    MAX_NESTING,
    MAX_SHOWN_CHARS,
    MAX_TOKENS,
    scan,
    shown,
    split,
    written,
)

POSTGRES, CLICKHOUSE, BIGQUERY = DIALECTS["postgres"], DIALECTS["clickhouse"], DIALECTS["bigquery"]


@pytest.mark.parametrize(
    ("dialect", "text", "people"),
    [
        ("postgres", "SELECT  1,\n'it''s' FROM t -- no\nWHERE a=$1", "SELECT ?, ? FROM t WHERE a=$1"),
        ("postgres", 'SELECT "A b", a/**/b FROM "T"', 'SELECT "A b", a b FROM "T"'),
        ("postgres", "SELECT a->>'b', 1.5e3, 0x1F, x::int", "SELECT a->>?, ?, ?, x::int"),
        ("postgres", "SELECT a #>> '{b}'", "SELECT a #>> ?"),
        ("clickhouse", "SELECT 'it\\'s', `a b` FROM \"t\"", "SELECT ?, `a b` FROM `t`"),
        ("bigquery", 'SELECT "a\\"b", \'\' FROM `p-1.d.t` # x', "SELECT ?, ? FROM `p-1.d.t`"),
        ("mysql", "SELECT 1-- x\n, 2", "SELECT ? , ?"),
        ("mysql", "SELECT 1--2", "SELECT ?- -?"),  # to MySQL two signs, and so it stays
        ("snowflake", "SELECT $1, a:b::string", "SELECT $1, a:b::string"),
        ("databricks", "SELECT /*+ BROADCAST(t) */ 1", "SELECT ?"),
    ],
)
def test_people_see_no_literal(dialect: str, text: str, people: str) -> None:
    tokens = scan(text, DIALECTS[dialect])
    assert tokens is not None
    assert shown(tokens, DIALECTS[dialect]) == people


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("postgres", "SELECT 'a\\' , f() , '"),  # ends elsewhere with backslashes
        ("postgres", "SELECT E'a\\'b'"),
        ("postgres", "SELECT $$a$$"),
        ("postgres", "SELECT $t$a$t$"),
        ("postgres", "SELECT 1 /* a /* b */ c */"),
        ("postgres", "SELECT 1 -- a\rf()"),
        ("postgres", "SELECT 1 /* a"),
        ("postgres", "SELECT 'a"),
        ("postgres", 'SELECT "a'),
        ("postgres", 'SELECT "a""b"'),
        ("postgres", 'SELECT "a;b"'),
        ("postgres", "SELECT `a`"),
        ("postgres", "SELECT \xa01"),
        ("postgres", "SELECT ünicode"),
        ("postgres", "SELECT \x00"),
        ("postgres", "SELECT \x0b1"),
        ("postgres", "SELECT 1 // 2"),
        ("postgres", "SELECT (1"),
        ("postgres", "SELECT 1)"),
        ("postgres", "SELECT (1; DROP TABLE t)"),
        ("postgres", "{# f() #}"),
        ("clickhouse", "SELECT 1 #x"),
        ("clickhouse", "SELECT $h$a$h$"),
        ("clickhouse", "SELECT `a``b`"),
        ("clickhouse", "SELECT `a\\`b`"),
        ("mysql", "SELECT 1 /*! , sleep(5) */"),
        ("mysql", "SELECT 1 /*M! , sleep(5) */"),
        ("bigquery", "SELECT '''a'b'''"),
        ("bigquery", 'SELECT """a"""'),
        ("databricks", "SELECT r'a\\'"),
        ("snowflake", "SELECT 1 // x"),
        ("snowflake", "SHOW TABLES ->> SELECT 1"),
        ("snowflake", "SELECT SYSTEM$WAIT(1)"),
        ("sqlite", "SELECT [a]"),
        ("bigquery", "FROM t |> WHERE a"),
    ],
)
def test_what_another_server_could_cut_elsewhere_is_doubtful(dialect: str, text: str) -> None:
    assert scan(text, DIALECTS[dialect]) is None


@pytest.mark.parametrize(
    "text",
    ["1 " * (MAX_TOKENS + 1), "x" * (MAX_CHARS + 1), "(" * (MAX_NESTING + 1) + ")" * (MAX_NESTING + 1)],
    ids=["tokens", "characters", "nesting"],
)
def test_what_has_no_bound_is_not_read(text: str) -> None:
    assert scan(text, POSTGRES) is None


def test_equal_literals_stay_equal_and_others_do_not_become_so() -> None:
    tokens = scan("'a;b' 'c;d' 'a;b' 'plain'", CLICKHOUSE)
    assert tokens is not None
    first, second, third, plain = (token.text for token in tokens)
    assert first == third != second
    assert plain == "'plain'"


def test_statements_end_at_semicolons_outside_literals() -> None:
    tokens = scan(";SELECT ';';;DROP TABLE t;", POSTGRES)
    assert tokens is not None
    assert [shown(one, POSTGRES) for one in split(tokens)] == ["SELECT ?", "DROP TABLE t"]


def test_what_people_see_has_a_length() -> None:
    tokens = scan("SELECT " + ", ".join(f"column_{i}" for i in range(1000)), POSTGRES)
    assert tokens is not None
    assert len(shown(tokens, POSTGRES)) == MAX_SHOWN_CHARS
    assert shown(tokens, POSTGRES).endswith("…")


@given(st.text(alphabet="ab1 '\"`\\-/*#$;(){}\n\r,.", max_size=60), st.sampled_from(sorted(DIALECTS)))
def test_what_was_read_once_is_read_again_the_same(text: str, name: str) -> None:
    dialect = DIALECTS[name]
    tokens = scan(text, dialect)
    if tokens is None:
        return
    again = scan(written(tokens, dialect), dialect)
    assert again is not None
    assert [(token.kind, token.text) for token in again] == [(token.kind, token.text) for token in tokens]


@given(st.text(max_size=30).filter(lambda text: len(text) > 1 and not text.isascii()))
def test_no_literal_reaches_people(secret: str) -> None:
    quoted = secret.replace("\\", "").replace("'", "''")
    tokens = scan(f"SELECT '{quoted}'", POSTGRES)
    assert tokens is None or shown(tokens, POSTGRES) == "SELECT ?"
