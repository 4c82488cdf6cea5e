"""SQL over HTTP by official clients: ClickHouse's, and PostgREST's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import httpx
import postgrest
import pytest

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, read, through, verified

HOST = "clickhouse"
NATIVE = bytes.fromhex("0100")  # a block without columns or rows


def answer(asked: Asked) -> Answer:
    """What ClickHouse says to the client's own questions at the start, and to everything else: nothing."""
    text = (asked.query.get("query", "") + asked.body.decode("utf-8", "replace")).lower()
    if "version()" in text:
        return Answer("", "", 200, b"24.8.1.1\tUTC\n" if "timezone" in text else b"24.8.1.1\n")
    summary = {"X-ClickHouse-Summary": '{"written_rows":"2"}', "Content-Type": "text/plain"}
    return Answer("", "", 200, b"", summary)


@pytest.fixture
def clickhouse() -> Iterator[Any]:
    rows = [Answer("GET", "/ping", 200, b"Ok.\n"), Answer("GET|POST", "/", 200, answer)]
    with Standin(HOST, rows) as standin, through(standin):
        client = clickhouse_connect.get_client(
            host=HOST,
            port=443,
            secure=True,
            username="bot",
            password="p4ss",
            ca_cert=str(standin.ca),
            https_proxy=standin.plain_url,
            compress=False,
            query_limit=0,
        )
        yield client, standin


@pytest.mark.parametrize(
    ("statement", "action", "tier", "tables"),
    [
        (
            "INSERT INTO shop.orders SELECT * FROM staging",
            "modify_database",
            "T2",
            ["shop.orders", "staging"],
        ),
        ("ALTER TABLE orders DELETE WHERE id = 7", "modify_database", "T2", ["orders"]),
        ("DELETE FROM orders WHERE id = 7", "modify_database", "T2", ["orders"]),
        ("DELETE FROM orders WHERE 1 = 1", "delete_database", "T3", ["orders"]),
        ("ALTER TABLE orders UPDATE paid = 1 WHERE true", "delete_database", "T3", ["orders"]),
        ("TRUNCATE TABLE orders", "delete_database", "T3", ["orders"]),
        ("DROP TABLE IF EXISTS shop.orders", "delete_database", "T3", ["shop.orders"]),
        ("CREATE TABLE t (a Int64) ENGINE = Memory", "alter_database", "T2", ["t"]),
        ("GRANT SELECT ON shop.* TO eve", "grant_database", "T2", None),
        ("SYSTEM SHUTDOWN", "admin_database", "T3", None),
        ("KILL QUERY WHERE 1", "admin_database", "T3", None),
    ],
)
def test_commands(clickhouse: Any, statement: str, action: str, tier: str, tables: list[str] | None) -> None:
    client, api = clickhouse
    client.command(statement)
    found = expect(api.last, action=action, tier=tier, target=f"clickhouse:{HOST}")
    if tables is not None:
        told = [re.sub(r"^default\.", "", name) for name in found.intents[0].parameters["tables"]]  # type: ignore[union-attr]
        assert told == tables
    assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE)


def test_reading_and_inserting(clickhouse: Any) -> None:
    client, api = clickhouse
    client.command("SELECT count() FROM orders WHERE customer = 'Eve'")
    found = expect(api.last, action="query_database", tier="T0")
    assert "Eve" not in str(found.shown_body)
    assert "Eve" not in str(found.intents[0].parameters)
    client.raw_insert("orders", ["id", "name"], b"1\ta\n2\tb\n", fmt="TabSeparated")
    expect(api.last, action="modify_database", tier="T2", parameters={"statement_class": "insert"})
    client.ping()
    expect(api.last, action="describe_database", tier="T0")


def test_nothing_that_the_client_does_by_itself_asks_people(clickhouse: Any) -> None:
    _, api = clickhouse
    for call in api.calls:
        assert all(intent.default_tier == "T0" for intent in read(call).intents), str(call.asked)


SUPABASE = "abcd.supabase.co"


@pytest.fixture
def supabase() -> Iterator[Any]:
    with Standin(SUPABASE, [Answer("*", "*", 200, [])]) as standin, through(standin):
        session = httpx.Client(base_url=f"https://{SUPABASE}/rest/v1/", follow_redirects=True)
        yield postgrest.SyncPostgrestClient(f"https://{SUPABASE}/rest/v1", http_client=session), standin


def test_rows_of_supabase(supabase: Any) -> None:
    client, api = supabase
    orders = client.from_("orders")
    for call, action, tier, summary in (
        (
            orders.select("id,lines(*)").eq("id", 1),
            "query_database",
            "T0",
            'Read id,lines(*) of ["public.orders"]',
        ),
        (
            orders.insert([{"id": 1}, {"id": 2}]),
            "modify_database",
            "T2",
            'insert 2 rows of ["public.orders"]',
        ),
        (orders.upsert({"id": 1}), "modify_database", "T2", 'merge 1 rows of ["public.orders"]'),
        (
            orders.update({"paid": True}).eq("id", 1),
            "modify_database",
            "T2",
            'update rows of ["public.orders"] by ["id"]',
        ),
        (
            orders.delete().in_("id", [1, 2]),
            "modify_database",
            "T2",
            'delete rows of ["public.orders"] by ["id"]',
        ),
        (orders.delete().neq("id", 0), "delete_database", "T3", 'delete every row of ["public.orders"]'),
        (orders.update({"paid": True}), "delete_database", "T3", 'update every row of ["public.orders"]'),
        (
            client.rpc("wipe", {"all": True}),
            "call_database_function",
            "T2",
            "Call the function wipe (schema: public)",
        ),
    ):
        call.execute()
        expect(api.last, action=action, tier=tier, summary=summary)
        assert read(api.last).intents[0].target.startswith("postgrest:abcd/")
