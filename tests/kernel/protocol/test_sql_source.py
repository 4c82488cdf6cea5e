"""Where SQL stands in a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_kit import content, request
from vienna_kernel.call.request import Call
from vienna_kernel.decode import form
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import sql_source
from vienna_kernel.protocol.sql_source import Source

CLICKHOUSE = {"dialect": "clickhouse", "statement": "body"}
NEON = {"dialect": "postgres", "statement": ["json:/query", "json:/queries/*/query"]}


def read(call: Call, options: dict[str, Any]) -> Source:
    return sql_source.read(call, form.pairs(call.query.encode()), content(call), options)


def refused(call: Call, options: dict[str, Any]) -> str:
    with pytest.raises(MalformedError) as caught:
        read(call, options)
    return caught.value.why


def click(query: str = "", body: bytes | str = b"", **more: Any) -> Call:
    return request("POST", f"/?{query}" if query else "/", body, content_type="text/plain", **more)


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ("", "SELECT 1", "SELECT 1"),
        ("query=SELECT+1", "", "SELECT 1"),
        ("query=SELECT+1", ", 2", "SELECT 1\n, 2"),
        ("query=", "SELECT 1", "SELECT 1"),
        ("query=INSERT+INTO+t+FORMAT+CSV", "1,2\n3,4", "INSERT INTO t VALUES (1)"),
        ("query=INSERT+INTO+t+VALUES", "(1); DROP TABLE t", "INSERT INTO t VALUES (1)"),
        ("query=INSERT+INTO+t", " FORMAT CSV\n1", "INSERT INTO t VALUES (1)"),
        ("", "INSERT INTO a.b (c, `d e`) FORMAT JSONEachRow {}", "INSERT INTO a.b (c, `d e`) VALUES (1)"),
        ("", "/* x */ insert into table t values (1)", "insert into table t VALUES (1)"),
        ("", "-- x\nINSERT INTO t -- y\nFORMAT Native\n\x00\x01", "INSERT INTO t VALUES (1)"),
        # no data follows what is read as it is
        ("", "INSERT INTO t SELECT * FROM u", "INSERT INTO t SELECT * FROM u"),
        ("", "INSERT INTO FUNCTION file('x') VALUES (1)", "INSERT INTO FUNCTION file('x') VALUES (1)"),
        (
            "",
            "INSERT INTO TABLE FUNCTION url('x') VALUES (1)",
            "INSERT INTO TABLE FUNCTION url('x') VALUES (1)",
        ),
        ("", "INSERT INTO t SETTINGS a = 1 VALUES (1)", "INSERT INTO t SETTINGS a = 1 VALUES (1)"),
        ("", "INSERT INTO t(f(1)) VALUES (1)", "INSERT INTO t(f(1)) VALUES (1)"),
        ("", "INSERT INTO t VALUESX", "INSERT INTO t VALUESX"),
        ("", "SELECT 'INSERT INTO t VALUES '", "SELECT 'INSERT INTO t VALUES '"),
        ("", "DROP TABLE u; INSERT INTO t VALUES (1)", "DROP TABLE u; INSERT INTO t VALUES (1)"),
    ],
)
def test_clickhouse_reads_query_and_body_as_one(query: str, body: str, text: str) -> None:
    assert read(click(query, body), CLICKHOUSE).texts == (text,)


def test_the_data_of_an_insert_is_not_read() -> None:
    body = b"INSERT INTO t FORMAT Native\n\xff\xfe"
    assert read(click(body=body), CLICKHOUSE).texts == ("INSERT INTO t VALUES (1)",)
    assert "UTF-8" in refused(click(body=b"SELECT '\xff'"), CLICKHOUSE)
    assert "UTF-8" in refused(click(body=body), {"dialect": "postgres"})


def test_clickhouse_reads_its_query_whatever_a_mapping_says() -> None:
    for places in ("body", ["body"], ["query:query", "body"]):
        found = read(click("query=DROP+TABLE+t", "-- x"), {"dialect": "clickhouse", "statement": places})
        assert found.texts == ("DROP TABLE t\n-- x",)


def test_what_stands_beside_it() -> None:
    call = click("database=prod&param_id=5&readonly=1&user=u&password=p&session_id=s", "SELECT 1")
    found = read(call, CLICKHOUSE)
    assert found.namespace == ("prod",)
    assert found.parameters == {"id": "5"}
    assert found.settings == {"readonly": "1"}
    assert found.session == {"database": "prod", "user": "u"}
    assert found.unusual == ()
    assert {"database", "password", "param_id", "readonly"} <= found.query


@pytest.mark.parametrize(
    ("query", "unusual"),
    [
        ("max_threads=2&output_format_json_quote_64bit_integers=0&readonly=2", ()),
        ("readonly=0", ("readonly",)),
        ("readonly=01", ("readonly",)),
        ("allow_ddl=1&log_queries=0", ("allow_ddl", "log_queries")),
        ("replace_running_query=1&query_id=q", ("replace_running_query",)),
        ("role=admin", ("role",)),
        ("MAX_THREADS=2", ("MAX_THREADS",)),
    ],
)
def test_a_setting_is_harmless_only_when_it_is_known(query: str, unusual: tuple[str, ...]) -> None:
    assert read(click(query, "SELECT 1"), CLICKHOUSE).unusual == unusual


@pytest.mark.parametrize(
    "call",
    [
        click("query=SELECT+1&query=SELECT+2"),
        click("database=a&database=b", "SELECT 1"),
        click("dialect=kusto", "t"),
        click("dialect=clickhouse", "SELECT 1"),
        click("implicit_select=1", "1"),
        click("decompress=1", "SELECT 1"),
        click("database=a", "SELECT 1", headers=[("x-clickhouse-database", "b")]),
        click("", "SELECT 1", headers=[("x-clickhouse-database", "b"), ("x-clickhouse-database", "b")]),
        click("user=a", "SELECT 1", headers=[("x-clickhouse-user", "b")]),
        request("POST", "/", b"--x", content_type="multipart/form-data"),
        click(),
        click("database=a"),
    ],
)
def test_what_would_be_read_in_another_way_is_refused(call: Call) -> None:
    assert refused(call, CLICKHOUSE)


def test_a_database_may_stand_in_a_header() -> None:
    call = click("", "SELECT 1", headers=[("x-clickhouse-database", "prod")])
    assert read(call, CLICKHOUSE).namespace == ("prod",)
    assert read(click("decompress=0", "SELECT 1"), CLICKHOUSE).texts


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"query": "SELECT 1"}, ("SELECT 1",)),
        ({"queries": [{"query": "SELECT 1"}, {"query": "SELECT 2", "params": []}]}, ("SELECT 1", "SELECT 2")),
        ({"query": "A", "queries": [{"query": "B"}]}, ("A", "B")),
        ({"query": None, "queries": [{"query": "B"}]}, ("B",)),
    ],
)
def test_statements_in_json_are_texts_of_their_own(body: object, texts: tuple[str, ...]) -> None:
    assert read(request("POST", "/sql", body), NEON).texts == texts


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": 5},
        {"query": ["SELECT 1"]},
        {"queries": {}},
        [],
        "null",
        {"queries": [{"query": "x"}] * 101},
    ],
)
def test_a_statement_in_json_is_text_and_is_there(body: object) -> None:
    assert refused(request("POST", "/sql", body), NEON)


@pytest.mark.parametrize(
    ("dialect", "body", "namespace", "bare_only"),
    [
        ("bigquery", {"defaultDataset": {"projectId": "p", "datasetId": "d"}}, ("p", "d"), True),
        ("bigquery", {"defaultDataset": {"datasetId": "d"}}, ("d",), True),
        ("bigquery", {"defaultDataset": {"projectId": "p"}}, (), True),
        ("bigquery", {"defaultDataset": 5}, (), True),
        ("snowflake", {"database": "DB", "schema": "S"}, ("DB", "S"), False),
        ("databricks", {"catalog": "c", "schema": "s"}, ("c", "s"), False),
        ("postgres", {"database": "x", "schema": "y"}, (), False),
    ],
)
def test_names_are_completed_by_what_the_request_says(
    dialect: str, body: dict[str, object], namespace: tuple[str, ...], bare_only: bool
) -> None:
    call = request("POST", "/", {**body, "q": "SELECT 1"})
    found = read(call, {"dialect": dialect, "statement": "json:/q"})
    assert (found.namespace, found.bare_only) == (namespace, bare_only)


def test_a_place_is_one_of_three() -> None:
    assert "expected" in refused(click("", "SELECT 1"), {"dialect": "postgres", "statement": "header:x"})
    call = request("GET", "/?q=SELECT+1")
    assert read(call, {"dialect": "sqlite", "statement": ["query:q"]}).query == {"q"}


@given(st.binary(max_size=60).map(lambda data: b"INSERT INTO t FORMAT CSV\n" + data))
def test_any_data_may_follow(data: bytes) -> None:
    assert read(click(body=data), CLICKHOUSE).texts == ("INSERT INTO t VALUES (1)",)


@given(st.text(alphabet="INSERT into t(a,`\"'.)/*- \nVALUES FORMAT CSV", max_size=60))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        (found,) = read(click(body=text), CLICKHOUSE).texts
    except MalformedError:
        assert not text
        return
    assert found in (text, found.removesuffix(" VALUES (1)") + " VALUES (1)")
