"""What a statement does is what it is called: nothing that writes, runs or reaches out passes for a select."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.protocol.sql_statement import GRAVITY, gravest, statements
from vienna_kernel.protocol.sql_text import DIALECTS


def classes(dialect: str, text: str) -> list[str]:
    return [told.does for told in statements(text, DIALECTS[dialect])]


def tables(dialect: str, text: str) -> set[str]:
    return {".".join(parts) for told in statements(text, DIALECTS[dialect]) for parts in told.tables}


READS = [
    ("clickhouse", "SELECT * FROM a.b WHERE x = 1 SETTINGS max_threads = 1 FORMAT JSON"),
    ("clickhouse", "WITH x AS (SELECT 1 AS a) SELECT a FROM x UNION ALL SELECT b FROM numbers(10)"),
    (
        "clickhouse",
        "SELECT toDate(now()), sumIf(a, b > 1), quantile(0.9)(c), {p:UInt8} FROM t FINAL PREWHERE a = 1",
    ),
    (
        "clickhouse",
        "SELECT JSONExtractString(a, 'b'), arrayMap(x -> x + 1, c) FROM t ARRAY JOIN c LIMIT 1 BY a",
    ),
    ("clickhouse", "SELECT 1 -- ; DROP TABLE t"),
    ("clickhouse", "SELECT 'it\\'s; DROP TABLE t'"),
    ("clickhouse", "(SELECT 1) UNION ALL (SELECT 2)"),
    ("clickhouse", "SHOW TABLES"),
    ("clickhouse", "SHOW CREATE TABLE t"),
    ("clickhouse", "DESCRIBE TABLE t"),
    ("clickhouse", "EXISTS TABLE t"),
    ("clickhouse", "EXPLAIN SELECT 1"),
    (
        "postgres",
        "SELECT a->'b'->>'c', count(*) FILTER (WHERE a), x AT TIME ZONE 'utc' FROM s.t AS t GROUP BY 1",
    ),
    (
        "postgres",
        "SELECT * FROM t JOIN LATERAL (SELECT 1) l ON true WHERE (a, b) IN (SELECT 1, 2) FETCH FIRST 5 ROWS ONLY",
    ),
    (
        "postgres",
        "SELECT jsonb_build_object('a', 1), substring(a FROM 'x') FROM generate_series(1, 10) AS g(n)",
    ),
    ("postgres", "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t WHERE a = ANY($1)"),
    ("postgres", "VALUES (1), (2)"),
    ("postgres", "EXPLAIN ANALYZE SELECT 1"),
    (
        "bigquery",
        "#standardSQL\nSELECT ARRAY_AGG(x IGNORE NULLS LIMIT 1), SAFE.SUBSTR('a', 1) FROM `p.d.t`, UNNEST(y) AS z",
    ),
    (
        "bigquery",
        "SELECT * EXCEPT (a) FROM d.t FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'",
    ),
    (
        "snowflake",
        "SELECT a:b.c::string, IFF(a, b, c) FROM db.s.t t, LATERAL FLATTEN(input => t.x) f WHERE b ILIKE 'x'",
    ),
    (
        "databricks",
        "SELECT explode(a), named_struct('a', 1) FROM c.s.t LATERAL VIEW explode(a) x AS y WHERE b RLIKE 'x'",
    ),
    ("mysql", 'SELECT IF(a, 1, 2) FROM t WHERE b = "x"'),
    ("sqlite", "SELECT json_extract(a, '$.b') FROM t"),
]


@pytest.mark.parametrize(("dialect", "text"), READS)
def test_plain_reads(dialect: str, text: str) -> None:
    assert classes(dialect, text) == ["select"]


@pytest.mark.parametrize(
    ("dialect", "text", "does"),
    [
        (
            "postgres",
            "INSERT INTO t (a, b) VALUES ($1, 2) ON CONFLICT (a) DO UPDATE SET b = 3 RETURNING a",
            "insert",
        ),
        ("postgres", "INSERT INTO s.t SELECT * FROM u", "insert"),
        ("postgres", "UPDATE t SET a = 1 WHERE id = 5", "update"),
        ("postgres", "DELETE FROM t USING u WHERE t.id = u.id", "delete"),
        (
            "postgres",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
            "merge",
        ),
        ("postgres", "TRUNCATE t", "truncate"),
        ("postgres", "DROP TABLE t CASCADE", "drop"),
        ("postgres", "CREATE TABLE t (a int)", "ddl"),
        ("postgres", "ALTER TABLE t ADD COLUMN a int", "ddl"),
        ("postgres", "ALTER TABLE t ALTER COLUMN a DROP NOT NULL", "ddl"),
        ("postgres", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b ON DELETE CASCADE", "ddl"),
        ("postgres", "ALTER TABLE t DROP COLUMN a", "drop"),
        ("postgres", "GRANT ALL ON t TO u", "grant"),
        ("postgres", "REVOKE ALL ON t FROM u", "grant"),
        ("postgres", "CREATE ROLE r SUPERUSER", "grant"),
        ("postgres", "ALTER USER u PASSWORD 'x'", "grant"),
        ("postgres", "ALTER SYSTEM SET a = 1", "admin"),
        ("postgres", "VACUUM FULL t", "admin"),
        ("postgres", "SET ROLE postgres", "admin"),
        ("clickhouse", "ALTER TABLE t DELETE WHERE id = 5", "delete"),
        ("clickhouse", "ALTER TABLE t UPDATE a = 1 WHERE id = 5", "update"),
        ("clickhouse", "ALTER TABLE t DELETE WHERE id = 5, DROP COLUMN a", "drop"),
        ("clickhouse", "ALTER TABLE t DROP PARTITION '2020'", "drop"),
        ("clickhouse", "CREATE OR REPLACE TABLE t AS SELECT 1", "drop"),
        ("clickhouse", "REPLACE TABLE t AS SELECT 1", "drop"),
        ("clickhouse", "DETACH TABLE t PERMANENTLY", "drop"),
        ("clickhouse", "OPTIMIZE TABLE t FINAL", "admin"),
        ("clickhouse", "SYSTEM SHUTDOWN", "admin"),
        ("clickhouse", "KILL QUERY WHERE query_id = 'x'", "admin"),
        ("clickhouse", "ATTACH TABLE t", "admin"),
        ("clickhouse", "RENAME TABLE a TO b", "ddl"),
        ("clickhouse", "CREATE ROW POLICY p ON t USING 1", "grant"),
        ("snowflake", "INSERT OVERWRITE INTO t SELECT 1", "truncate"),
        ("databricks", "INSERT OVERWRITE TABLE t SELECT 1", "truncate"),
        ("databricks", "INSERT INTO t REPLACE WHERE a = 1 SELECT 1", "truncate"),
        ("mysql", "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "insert"),
        ("sqlite", "INSERT OR REPLACE INTO t VALUES (1)", "insert"),
    ],
)
def test_what_changes_something_is_called_so(dialect: str, text: str, does: str) -> None:
    assert classes(dialect, text) == [does]


@pytest.mark.parametrize(
    ("dialect", "text", "does"),
    [
        ("postgres", "WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM d", "delete"),
        ("postgres", "WITH u AS (UPDATE t SET a = 1 RETURNING 1) INSERT INTO x SELECT * FROM u", "update"),
        ("postgres", "INSERT INTO x WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", "delete"),
        ("postgres", "SELECT * INTO x FROM y", "unknown"),
        ("postgres", "SELECT * FROM t FOR UPDATE", "unknown"),
        ("postgres", "EXPLAIN ANALYZE DELETE FROM t", "delete"),
        ("postgres", "EXPLAIN (ANALYZE) DELETE FROM t", "unknown"),
        ("postgres", "COPY t FROM PROGRAM 'sh'", "unknown"),
        ("postgres", "CALL p()", "unknown"),
        ("postgres", "DO $$ BEGIN END $$", "unknown"),
        ("postgres", "PREPARE x AS DELETE FROM t", "unknown"),
        ("postgres", "BEGIN", "unknown"),
        ("postgres", "SELECT my_function()", "unknown"),
        ("postgres", "SELECT len('a')", "unknown"),  # sqlglot knows it, PostgreSQL does not
        ("postgres", "SELECT pg_sleep(5)", "unknown"),
        ("postgres", "SELECT pg_read_file('/etc/passwd')", "unknown"),
        ("postgres", "SELECT query_to_xml('DROP TABLE t', true, true, '')", "unknown"),
        ("postgres", "SELECT set_config('role', 'postgres', false)", "unknown"),
        ("postgres", "SELECT nextval('s')", "unknown"),
        ("postgres", "SELECT (SELECT pg_terminate_backend(1))", "unknown"),
        ("postgres", "SELECT a FROM t ORDER BY dblink_exec('x')", "unknown"),
        ("postgres", "SELECT * FROM s.f()", "unknown"),
        ("postgres", 'SELECT "lower"(a)', "unknown"),
        ("postgres", "SELECT evil.lower('x')", "unknown"),
        ("postgres", "SELECT 1 OPERATOR(evil.+) 2", "unknown"),
        ("postgres", "UPDATE t SET a = lo_unlink(1) WHERE id = 5", "unknown"),
        ("clickhouse", "SELECT * FROM url('http://x', 'CSV', 'a Int8')", "unknown"),
        ("clickhouse", "SELECT * FROM remote('h', db.t)", "unknown"),
        ("clickhouse", "SELECT * FROM s3('x')", "unknown"),
        ("clickhouse", "SELECT * FROM executable('x', 'CSV', 'a Int8')", "unknown"),
        ("clickhouse", "SELECT file('/etc/passwd')", "unknown"),
        ("clickhouse", "SELECT dictGet('d', 'a', 1)", "unknown"),
        ("clickhouse", "SELECT sleep(3)", "unknown"),
        ("clickhouse", "SELECT * FROM {t:Identifier}", "unknown"),
        ("clickhouse", "SELECT 1 INTO OUTFILE 'x'", "unknown"),
        ("clickhouse", "INSERT INTO FUNCTION url('x') SELECT 1", "unknown"),
        ("clickhouse", "INSERT INTO t FROM INFILE 'x' FORMAT CSV", "unknown"),
        ("clickhouse", "DESCRIBE TABLE url('http://x')", "unknown"),
        ("clickhouse", "CREATE TABLE a (b Int8) ENGINE = Memory PARALLEL WITH DROP TABLE c", "unknown"),
        ("clickhouse", "EXECUTE AS u SELECT 1", "unknown"),
        ("bigquery", "SELECT * FROM EXTERNAL_QUERY('c', 'DROP TABLE t')", "unknown"),
        ("bigquery", "SELECT * FROM ML.PREDICT(MODEL m, TABLE t)", "unknown"),
        ("bigquery", "SELECT p.d.f(1)", "unknown"),
        ("bigquery", "EXPORT DATA OPTIONS (uri = 'gs://x') AS SELECT 1", "unknown"),
        ("bigquery", "EXECUTE IMMEDIATE 'DROP TABLE t'", "unknown"),
        ("snowflake", "SELECT * FROM @stage/x", "unknown"),
        ("snowflake", "SELECT * FROM IDENTIFIER('t')", "unknown"),
        ("snowflake", "SELECT * FROM TABLE(TO_QUERY('DROP TABLE t'))", "unknown"),
        ("snowflake", "SELECT seq.nextval", "unknown"),
        ("snowflake", "COPY INTO @s FROM t", "unknown"),
        ("databricks", "SELECT reflect('java.lang.Runtime', 'x')", "unknown"),
        ("databricks", "SELECT TRANSFORM(a) USING 'sh' AS (b) FROM t", "unknown"),
        ("databricks", "SELECT * FROM read_files('/x')", "unknown"),
        ("databricks", "SELECT ai_query('m', 'x')", "unknown"),
        ("databricks", "INSERT OVERWRITE DIRECTORY '/x' SELECT 1", "unknown"),
        ("mysql", "SELECT 1--sleep(5)", "unknown"),
        ("mysql", "SELECT LOAD_FILE('/etc/passwd')", "unknown"),
        ("mysql", "DESC ANALYZE DELETE FROM t", "unknown"),
        ("sqlite", "SELECT load_extension('x')", "unknown"),
        ("sqlite", "PRAGMA writable_schema = 1", "unknown"),
        ("postgres", "", "unknown"),
        ("postgres", ";", "unknown"),
        ("postgres", "EXPLAIN", "unknown"),
        ("postgres", "'text'", "unknown"),
        ("postgres", "(((", "unknown"),
    ],
)
def test_what_a_read_hides_is_found(dialect: str, text: str, does: str) -> None:
    assert classes(dialect, text) == [does]


def test_each_statement_is_told_by_itself() -> None:
    assert classes("postgres", "SELECT 1; DROP TABLE t; SELECT ';'") == ["select", "drop", "select"]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (
            "postgres",
            "SELECT * FROM a JOIN s.b USING (x) WHERE y IN (SELECT z FROM c.d.e)",
            {"a", "s.b", "c.d.e"},
        ),
        ("postgres", "WITH a AS (SELECT * FROM b) SELECT * FROM a", {"b"}),
        (
            "postgres",
            "WITH users AS (SELECT * FROM users) SELECT * FROM users",
            {"users"},
        ),  # the inner one is the table
        ("postgres", "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b", set()),
        (
            "postgres",
            "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
            {"b"},
        ),  # not yet in scope
        ("postgres", "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a", set()),
        ("postgres", "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) x JOIN a ON true", {"a"}),
        ("postgres", "WITH a AS (SELECT 1) SELECT * FROM s.a", {"s.a"}),
        ("postgres", 'WITH a AS (SELECT 1) SELECT * FROM "a"', {"a"}),  # quoted, so it may be another
        ("postgres", 'SELECT * FROM USERS, "Users"', {"users", "Users"}),
        ("snowflake", 'SELECT * FROM users, "users"', {"USERS", "users"}),
        ("clickhouse", "SELECT * FROM Users", {"Users"}),
        ("clickhouse", "WITH a AS (SELECT 1) SELECT * FROM A", {"A"}),
        ("clickhouse", "WITH 1 AS t SELECT * FROM t", {"t"}),
        ("clickhouse", "SELECT a FROM t ARRAY JOIN c", {"t"}),
        ("bigquery", "SELECT * FROM `p-1.d.t`", {"p-1.d.t"}),
        ("postgres", "INSERT INTO a SELECT * FROM b", {"a", "b"}),
        ("postgres", "DELETE FROM a USING b WHERE a.x = b.x", {"a", "b"}),
        ("postgres", "DROP TABLE IF EXISTS a.b, c", {"a.b", "c"}),
        ("clickhouse", "RENAME TABLE a TO b", {"a", "b"}),
        ("clickhouse", "EXCHANGE TABLES a AND b", {"a", "b"}),
        ("clickhouse", "ALTER TABLE db.t DELETE WHERE id = 5", {"db.t"}),
        ("postgres", "GRANT SELECT ON t TO u", {"t"}),
    ],
)
def test_tables(dialect: str, text: str, expected: set[str]) -> None:
    assert tables(dialect, text) == expected


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        ("ALTER TABLE t DELETE WHERE id = 5", True),
        ("ALTER TABLE t DELETE WHERE 1 = 1", False),
        ("ALTER TABLE t DELETE WHERE 1", False),
        ("ALTER TABLE t UPDATE a = 1 WHERE id = 5", True),
        ("DELETE FROM t", False),
        ("UPDATE t SET a = 1", False),
        ("INSERT INTO t VALUES (1)", False),
        ("SELECT * FROM t WHERE id = 5", True),
        ("SELECT * FROM (SELECT * FROM t WHERE id = 5) x", False),
    ],
)
def test_conditions_bound_what_is_changed(text: str, bounded: bool) -> None:
    (told,) = statements(text, DIALECTS["clickhouse"])
    assert told.has_where is bounded


def test_one_change_without_a_condition_is_none_for_all() -> None:
    text = "WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) DELETE FROM u"
    (told,) = statements(text, DIALECTS["postgres"])
    assert not told.has_where


def test_the_gravest_counts() -> None:
    assert gravest(["select", "drop", "insert"]) == "drop"
    assert gravest([]) == "unknown"
    assert gravest(list(GRAVITY)) == "unknown"


WORDS = st.sampled_from(
    "SELECT FROM WHERE ( ) , ; . * = 1 'a' a b t JOIN WITH AS INSERT INTO VALUES DELETE UPDATE SET DROP TABLE "
    "UNION ALL CASE WHEN END IN EXISTS OVER { } [ ] : :: -> $1 ? @x f( ALTER CREATE REPLACE EXPLAIN ON USING FOR "
    "-- LATERAL".split()
)


@given(st.lists(WORDS, max_size=14), st.sampled_from(sorted(DIALECTS)))
def test_any_text_is_of_some_class(words: list[str], dialect: str) -> None:
    for told in statements(" ".join(words), DIALECTS[dialect]):
        assert told.does in GRAVITY


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8), st.sampled_from(sorted(DIALECTS)))
def test_a_word_that_writes_is_never_within_a_select(
    before: list[str], after: list[str], dialect: str
) -> None:
    text = " ".join([*before, "zzz(1)", "INSERT", "INTO", *after])
    for told in statements(text, DIALECTS[dialect]):
        assert told.does != "select" or "zzz" not in told.text
