"""Alike requests put together, batches of the lowest tier, and the queue of one person."""

from __future__ import annotations

from typing import Any

import pytest

from gate_end import Gate
from people import People
from vienna_control.approvals.alike import grouped, shape
from vienna_control.rows import dump

REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


@pytest.mark.parametrize(
    ("target", "shaped"),
    [
        ("stripe:charge/ch_1a2", "stripe:charge/*"),
        ("stripe:charge/pending", "stripe:charge/pending"),
        ("k8s:prod/deployments/web-7", "k8s:prod/deployments/*"),
        ("api.example.com", "api.example.com"),
        ("order=77&kind=late", "order=*&kind=late"),
        ("", ""),
    ],
)
def test_what_names_one_of_many_is_left_out(target: str, shaped: str) -> None:
    assert shape(target) == shaped


def row(
    number: int, parameters: dict[str, Any], *, target: str = "toy:order/1", **more: Any
) -> dict[str, Any]:
    shown = {
        "sentence": f"number {number}",
        "rule": {"id": more.pop("rule", "r")},
        "effect": [{"action": "create_refund", "parameters": parameters}],
    }
    return {
        "id": f"apr-{number}",
        "agent_id": "agt-1",
        "tier": "T1",
        "shown": dump(shown),
        "shown_digest": f"sha256:{number}",
        "created_at": f"2026-03-02T10:00:0{number}.000Z",
        "name": "bot",
        "action": "create_refund",
        "target": target,
        **more,
    }


def test_what_differs_is_told_as_values_or_as_a_range() -> None:
    rows = [
        row(3, {"amount": "9.50", "reason": "late", "currency": "EUR"}),
        row(2, {"amount": "10", "reason": "broken", "currency": "EUR"}),
        row(1, {"amount": "100", "currency": "EUR"}),
    ]
    (group,) = grouped(rows)
    assert (group["count"], group["oldest"][-5:], group["newest"][-5:]) == (3, ".000Z", ".000Z")
    assert (group["oldest"] < group["newest"], group["sentence"]) == (True, "number 3")
    assert group["differs"] == [
        {"parameter": "amount", "distinct": 3, "least": "9.50", "most": "100"},
        {"parameter": "reason", "distinct": 3, "values": ["broken", "late", None]},
    ]
    assert group["approvals"][0] == {"id": "apr-3", "shown_digest": "sha256:3"}


@pytest.mark.parametrize(
    "other",
    [{"tier": "T2"}, {"rule": "s"}, {"agent_id": "agt-2"}, {"action": "other"}, {"target": "toy:invoice/1"}],
    ids=lambda other: next(iter(other)),
)
def test_what_is_not_alike_stays_apart(other: dict[str, Any]) -> None:
    assert [group["count"] for group in grouped([row(2, {}, **other), row(1, {})])] == [1, 1]


async def test_a_batch_votes_on_each_by_itself(bot: Gate, people: People) -> None:
    tickets = [await bot.consult("POST", TICKETS, {"subject": f"case {n}"}) for n in range(3)]
    refund = await bot.consult("POST", REFUNDS, REFUND)
    _, listed = await people.ask("carol", "GET", "/approvals/alike")
    groups = listed["data"]["groups"]
    assert [group["count"] for group in groups] == [3, 1]
    assert groups[0]["differs"][0]["parameter"] == "subject"
    _, listed = await people.ask("carol", "GET", "/approvals/alike?mine=true")
    assert [group["key"]["risk_tier"] for group in listed["data"]["groups"]] == ["T1"]
    each = {one["id"]: one for group in groups for one in group["approvals"]}
    chosen = [each[one.approval_id] for one in (*tickets[:2], refund)]
    stale = {"id": tickets[2].approval_id, "shown_digest": "sha256:other"}
    missing = {"id": "apr-none", "shown_digest": "sha256:x"}
    body = {"verdict": "approve", "approvals": [*chosen, stale, missing]}
    status, answer = await people.ask("carol", "POST", "/approvals/batch", body)
    results = answer["data"]["results"]
    assert (status, answer["data"]["counted"], answer["data"]["refused"]) == (200, 2, 3)
    assert [one["status"] for one in results] == ["approved", "approved", None, None, None]
    assert [one["code"] for one in results] == [None, None, "forbidden", "conflict", "not_found"]
    assert results[2]["message"] == "T2 is decided one by one; a batch is for T1"
    assert (await bot.consult("POST", TICKETS, {"subject": "case 1"})).verdict == "granted"
    # again: decided ones are refused one by one; a denial needs a reason
    status, answer = await people.ask("carol", "POST", "/approvals/batch", body)
    assert [one["code"] for one in answer["data"]["results"]][:2] == ["already_decided"] * 2
    deny = {"verdict": "deny", "approvals": [each[tickets[2].approval_id]]}
    assert (await people.ask("carol", "POST", "/approvals/batch", deny))[0] == 422
    status, answer = await people.ask("carol", "POST", "/approvals/batch", {**deny, "reason": "not now"})
    assert [one["status"] for one in answer["data"]["results"]] == ["denied"]


@pytest.mark.parametrize("count", [0, 51])
async def test_a_batch_is_bounded(people: People, count: int) -> None:
    each = [{"id": f"apr-{n}", "shown_digest": "sha256:x"} for n in range(count)]
    body = {"verdict": "approve", "approvals": each}
    assert (await people.ask("carol", "POST", "/approvals/batch", body))[0] == 422


async def test_mine_is_whole_pages_of_what_one_may_decide(bot: Gate, people: People) -> None:
    wanted = []
    for number in range(6):
        wanted.append((await bot.consult("POST", TICKETS, {"subject": f"{number}"})).approval_id)
        await bot.consult("POST", REFUNDS, REFUND | {"order": f"ORD-{number}"})  # not carol's
    found, cursor = [], ""
    for expected in (4, 2):
        _, page = await people.ask("carol", "GET", f"/approvals?mine=true&limit=4{cursor}")
        assert (len(page["data"]["approvals"]), page["data"]["total"]) == (expected, 6)
        found += [one["approval_id"] for one in page["data"]["approvals"]]
        cursor = f"&cursor={page['data']['next_cursor']}"
    assert found == wanted[::-1]
    assert page["data"]["has_more"] is False
