"""Filters of traffic, asked of a real database: what each key finds, and that ``not`` finds all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.filters.condition import Scope, condition
from vienna_control.filters.traffic import LANGUAGE
from vienna_control.store.tables import agents, intents, metadata
from vienna_kernel.filter.key import KEYS
from vienna_kernel.filter.read import read

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCOPE = Scope("default", NOW)


def meaning(**parameters: Any) -> str:
    return rows.dump([{"action": "a", "parameters": parameters}])


INTENTS: dict[str, dict[str, Any]] = {
    "int-1": {
        "agent_id": "agt-1",
        "action": "payments.refund",
        "target": "payments:order/ORD-1",
        "status": "executed",
        "tier": "T2",
        "host": "api.stripe.com",
        "method": "POST",
        "url": "https://api.stripe.com/v1/refunds?expand=all",
        "summary": "Refund 5,000.00 EUR of 100% of ORD_1",
        "meaning": meaning(amount={"$decimal": "5000"}, order="ORD-1", tags=["Late", "x_y"]),
        "rule": "refund-ceiling",
        "approval_id": "apr-1",
        "created_at": iso(NOW - timedelta(minutes=10)),
    },
    "int-2": {
        "agent_id": "agt-2",
        "action": "http.get",
        "target": "https://files.example",
        "status": "observed",
        "grade": "observed",
        "tier": "T0",
        "host": "files.example",
        "method": "GET",
        "url": "https://files.example/v1/refunds/7",
        "summary": "GET https://files.example/v1/refunds/7",
        "would": "refused",
        "simulation": True,
        "created_at": "2026-11-20T00:00:00.000Z",
    },
    "int-3": {
        "agent_id": "agt-1",
        "action": "payments.payout",
        "target": "payments:merchant/9",
        "status": "denied",
        "tier": "T3",
        "host": "notstripe.com",
        "method": "POST",
        "url": "https://notstripe.com",
        "summary": "Pay",
        "meaning": meaning(amount={"$decimal": "12"}, iban="DE1"),
        "reason": "policy_denied",
        "created_at": "2026-11-19T23:59:59.999Z",
    },
    "int-4": {
        "agent_id": "agt-2",
        "action": "http.post",
        "target": "",
        "status": "approved",
        "tier": "T1",
        "summary": "reported only",
        "grade": "reported",
        "created_at": "2026-11-01T00:00:00.000Z",
    },
}
ALL = set(INTENTS)


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        kept = {"status": "active", "trust": 50, "enforcement": "enforce", "allowed_actions": "[]"}
        for tenant, id_, name in (
            ("default", "agt-1", "billing-bot"),
            ("default", "agt-2", "support-bot"),
            ("other", "agt-9", "billing-bot"),
        ):
            one = {**kept, "tenant": tenant, "id": id_, "name": name, "details": "{}", "created_at": ""}
            connection.execute(insert(agents).values(one))
        usual = {"tenant": "default", "source": "agent:x", "grade": "intercepted", "meaning": "[]"}
        for id_, told in INTENTS.items():
            row = {**usual, **told, "id": id_, "updated_at": told["created_at"]}
            connection.execute(insert(intents).values(row))
        yield connection
    engine.dispose()


def found(conn: Connection, q: str) -> set[str]:
    asked = condition(read(q, "traffic"), LANGUAGE, SCOPE)
    return set(conn.scalars(select(intents.c.id).where(asked)))


CASES = [
    ("", "1234"),
    ("agent:billing-bot", "13"),
    ("agent:agt-2", "24"),
    ("agent:*-bot", "1234"),
    ("agent:nobody", ""),
    ("host:stripe", "1"),
    ("host:stripe.com", "1"),
    ("host:api.stripe.com", "1"),
    ("host:com", "13"),
    ("host:STRIPE", "1"),
    ("host:*stripe*", "13"),
    ("action:payments.*", "13"),
    ("action:payments.refund", "1"),
    ("action:payments", ""),
    ("target:payments:order/*", "1"),
    ("tier:T2 or tier:T3", "13"),
    ("verdict:allow", "24"),
    ("verdict:hold", "1"),
    ("verdict:deny", "3"),
    ("status:executed", "1"),
    ("grade:unmapped", "24"),
    ("grade:observed", "2"),
    ("method:post", "13"),
    ("path:/v1/refunds", "1"),
    ("path:/v1/refunds*", "12"),
    ("path:*refunds/7", "2"),
    ("path:/", ""),
    ("rule:refund-ceiling", "1"),
    ("rule:refund*", "1"),
    ("reason:policy_denied", "3"),
    ("would:deny", "2"),
    ("would:hold", ""),
    ("would:allow", ""),
    ("id:int-4", "4"),
    ("id:int-*", "1234"),
    ("id:int_*", ""),
    ("id:int%*", ""),
    ("simulation:yes", "2"),
    ("simulation:no", "134"),
    ("after:2026-11-20", "12"),
    ("before:2026-11-20", "34"),
    ("after:2026-11-19T23:59:59.999Z before:2026-11-20", "3"),
    ("after:2026-11-20 before:2026-11-20T00:00:00.001Z", "2"),
    ("since:15m", "1"),
    ("since:5m", ""),
    ("~amount 5000", "1"),
    ("~amount 0", "1"),
    ("~order ord", "1"),
    ("~tags late", "1"),
    ("~tags x_", "1"),
    ("~tags x%", ""),
    ("~iban ORD", ""),
    ("~amount decimal", ""),
    ("refund", "12"),
    ("REFUND", "12"),
    ("100%", "1"),
    ("0%o", ""),
    ("ORD_1", "1"),
    ("ORD_2", ""),
    ("'", ""),
    ("refund or pay", "123"),
    ("refund -agent:billing-bot", "2"),
]


@pytest.mark.parametrize(("q", "ids"), CASES, ids=[q or "empty" for q, _ in CASES])
def test_what_it_finds_and_what_not_finds(conn: Connection, q: str, ids: str) -> None:
    expected = {f"int-{digit}" for digit in ids}
    assert found(conn, q) == expected
    if q:
        assert found(conn, f"not ({q})") == ALL - expected


def test_every_key_is_asked_by_a_case() -> None:
    asked = set(re.findall(r"([a-z]+):", " ".join(q for q, _ in CASES)))
    assert set(KEYS["traffic"]) == set(LANGUAGE.tests) <= asked
