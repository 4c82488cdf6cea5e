"""SQL over HTTP: one part for each statement."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_kit import FORM, parts, refused, request
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import sql
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.protocol.reader import NO_BODY, RAW

CLICKHOUSE = {"dialect": "clickhouse", "statement": "body"}
BIGQUERY = {"dialect": "bigquery", "statement": ["json:/query", "json:/configuration/query/query"]}


def one(call: Any, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    (part,) = parts("sql-http", call, options)
    assert isinstance(part.value, dict)
    assert part.open is None
    return part.operation, dict(part.value)


def click(target: str, body: str = "") -> Any:
    return request("POST", target, body, content_type="text/plain")


def big(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return one(request("POST", "/queries", body), BIGQUERY)


def test_a_statement_is_its_class_its_tables_and_its_text_without_literals() -> None:
    call = click(
        "/?database=prod&param_id=5&max_threads=2",
        "DELETE FROM users WHERE id = {id:UInt64} AND n = 'canary'",
    )
    operation, value = one(call, CLICKHOUSE)
    assert operation == "delete"
    assert value == {
        "statement_class": "delete",
        "tables": ["prod.users"],
        "has_where": True,
        "statement": "DELETE FROM users WHERE id = {id:UInt64} AND n = ?",
        "kind": "delete",
        "parameters": {"id": "5"},
        "settings": {"max_threads": "2"},
        "database": "prod",
    }


def test_every_statement_is_a_part() -> None:
    call = click("/", "SELECT 1; DROP TABLE t; INSERT INTO t SELECT 1")
    assert [part.operation for part in parts("sql-http", call, CLICKHOUSE)] == ["select", "drop", "insert"]


def test_an_insert_with_its_data() -> None:
    call = click("/?query=INSERT+INTO+events+FORMAT+JSONEachRow", '{"a": "DROP TABLE t; SELECT 1"}')
    operation, value = one(call, CLICKHOUSE)
    assert (operation, value["tables"]) == ("insert", ["events"])
    assert "DROP" not in value["statement"]


def test_a_form_by_name_may_be_sql() -> None:
    call = request("POST", "/", "SELECT a;", content_type=FORM)
    assert one(call, CLICKHOUSE)[0] == "select"


@pytest.mark.parametrize(
    ("options", "method", "kinds"),
    [
        (CLICKHOUSE, "POST", RAW),
        (CLICKHOUSE, "GET", NO_BODY),
        (BIGQUERY, "POST", frozenset({"json"})),
        ({"dialect": "sqlite", "statement": "query:q"}, "POST", frozenset({"json"})),
        ({"dialect": "postgres"}, "POST", RAW),
    ],
)
def test_bodies(options: dict[str, Any], method: str, kinds: object) -> None:
    assert PROTOCOLS["sql-http"].kinds(method, options) == kinds


def test_a_dialect_is_one_that_is_known() -> None:
    assert "expected" in refused("sql-http", click("/", "SELECT 1"), {"dialect": "cobol"})
    assert "expected" in refused("sql-http", click("/", "SELECT 1"), {})


def test_names_are_completed() -> None:
    dataset = {"defaultDataset": {"projectId": "p", "datasetId": "d"}}
    assert big({"query": "SELECT * FROM t JOIN e.u USING (a)", **dataset})[1]["tables"] == ["e.u", "p.d.t"]
    snow = request(
        "POST", "/", {"statement": "SELECT * FROM t, s2.u, d3.s3.v", "database": "DB", "schema": "S"}
    )
    _, value = one(snow, {"dialect": "snowflake", "statement": "json:/statement"})
    assert value["tables"] == ["D3.S3.V", "DB.S.T", "DB.S2.U"]
    odd = click("/?database=a.b", "SELECT * FROM `c d`")
    assert one(odd, CLICKHOUSE)[1]["tables"] == ['"a.b"."c d"']


@pytest.mark.parametrize(
    ("body", "dry"),
    [({"dryRun": True}, True), ({"dryRun": False}, False), ({"dryRun": "true"}, False), ({}, False)],
)
def test_a_query_may_be_tried_only(body: dict[str, Any], dry: bool) -> None:
    assert big({"query": "DROP TABLE d.t", **body})[1]["dry_run"] is dry
    job = {"configuration": {"query": {"query": "DROP TABLE d.t"}, **body}}
    assert big(job)[1]["dry_run"] is dry
    assert big({**job, "dryRun": True})[1]["dry_run"] is dry  # a job does not look there


@pytest.mark.parametrize(
    ("disposition", "does"),
    [
        ({}, "insert"),
        ({"writeDisposition": "WRITE_APPEND"}, "insert"),
        ({"writeDisposition": "WRITE_TRUNCATE"}, "truncate"),
        ({"writeDisposition": None}, "truncate"),
    ],
)
def test_a_job_that_keeps_its_rows_is_a_write(disposition: dict[str, Any], does: str) -> None:
    table = {"projectId": "p", "datasetId": "d", "tableId": "kept"}
    query = {"query": "SELECT * FROM d.t", "destinationTable": table, **disposition}
    operation, value = big({"configuration": {"query": query}})
    assert (operation, value["statement_class"]) == (does, does)
    assert value["tables"] == ["d.t", "p.d.kept"]


def test_the_same_of_a_text_within_a_body() -> None:
    found = sql.statements_value("SELECT * FROM a; DELETE FROM b WHERE c = 'canary'", "postgres")
    assert isinstance(found, dict)
    each = found.pop("statements")
    assert found == {
        "statement_class": "delete",
        "tables": ["a", "b"],
        "has_where": False,
        "statement": "SELECT * FROM a; DELETE FROM b WHERE c = ?",
    }
    assert [row["statement_class"] for row in each] == ["select", "delete"]
    with pytest.raises(MalformedError):
        sql.statements_value("SELECT 1", "cobol")
    with pytest.raises(MalformedError):
        sql.statements_value("SELECT 1;" * 201, "postgres")


def test_nothing_of_a_statement_reaches_a_log_or_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    texts = [
        "CREATE canary canary",
        "ALTER TABLE t canary",
        "SET canary canary canary",
        "SELECT canary canary canary (",
    ]
    with caplog.at_level(logging.DEBUG):
        for text in texts:
            for options in (CLICKHOUSE, {"dialect": "snowflake"}):
                parts("sql-http", click("/", text), options)
        why = refused("sql-http", request("POST", "/", b"canary \xff", content_type="text/plain"), CLICKHOUSE)
    assert "canary" not in why
    assert "canary" not in caplog.text


@given(st.text(max_size=60), st.sampled_from(sorted(sql.DIALECTS)))
def test_any_text_has_its_parts(text: str, dialect: str) -> None:
    if text:
        found = parts("sql-http", click("/", text), {"dialect": dialect})
        assert found
