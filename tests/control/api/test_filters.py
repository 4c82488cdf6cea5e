"""Filters over HTTP: lists by filter, filters that people keep, and what is drawn from an intent."""

from __future__ import annotations

from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import AGENT_KEY, Control
from vienna_control.filters import kept
from vienna_kernel.filter.key import KEYS

PAGES = "https://files.example/v2/pages"
REFUNDS = "https://payments.example/v1/refunds"
LATE = {"screen": "traffic", "name": "refused", "q": "verdict:deny since:1d"}


async def listed(people: People, noun: str, q: str, who: str = "victor", **more: str) -> list[str]:
    status, answer = await people.ask(who, "GET", f"/{noun}", params={"q": q, **more})
    assert status == 200, answer
    return [one["action"] for one in answer["data"][noun]]


@pytest.fixture
async def traffic(bot: Gate) -> Gate:
    await bot.consult("POST", REFUNDS, {"order": "ORD-1", "amount": 5000, "currency": "EUR"})
    await bot.consult("POST", REFUNDS, {"order": "ORD-2", "amount": 50000, "currency": "EUR"})
    for page in ("71", "72", "73"):
        await bot.consult("PUT", f"{PAGES}/{page}", {"title": "t", "tags": ["a"]})
    return bot


async def test_traffic_and_inbox_by_filter(control: Control, people: People, traffic: Gate) -> None:
    assert await listed(people, "intents", "host:payments verdict:deny") == ["create_refund"]
    assert await listed(people, "intents", "~amount 50 -~amount 50000") == ["create_refund"]
    assert await listed(people, "intents", "grade:unmapped method:PUT path:/v2/pages/7*") == 3 * ["http.put"]
    assert await listed(people, "intents", "grade:unmapped", action="create_refund") == []
    assert await listed(people, "intents", "agent:billing-bot or agent:nobody since:1d") == [
        *3 * ["http.put"],
        *2 * ["create_refund"],
    ]
    status, answer, _ = await control.ask("GET", "/api/v1/intents?q=action:create_*", key=AGENT_KEY)
    assert (status, answer["data"]["total"], answer["data"]["total_at_least"]) == (200, 2, False)
    assert await listed(people, "approvals", "waiting:yes ORD-1") != []
    assert await listed(people, "approvals", "action:create_refund mine:yes", who="alice") == [
        "create_refund"
    ]
    assert await listed(people, "approvals", "action:create_refund mine:yes", who="victor") == []
    assert await listed(people, "approvals", "status:denied") == []
    status, answer = await people.ask("alice", "GET", "/approvals/alike", params={"q": "tier:T2 mine:yes"})
    assert (status, [one["count"] for one in answer["data"]["groups"]]) == (200, [1])


async def test_the_trail_by_filter(people: People, traffic: Gate) -> None:
    async def found(q: str) -> list[str]:
        status, answer = await people.ask("audrey", "GET", "/audit", params={"q": q, "limit": "500"})
        assert status == 200, answer
        return [f"{one['type']}/{one['id']}" for one in answer["data"]["entries"]]

    every = await found("")
    for q in (
        "type:intent_submitted",
        "actor:sidecar:*",
        "action:create_refund",
        "tier:T2",
        "ORD",
        "since:1m",
    ):
        some = await found(q)
        assert sorted(some + await found(f"-({q})")) == sorted(every)
    assert len(await found("type:intent_submitted action:create_refund")) == 2
    assert {one.partition("/")[0] for one in await found("type:policy_evaluated")} == {"policy_evaluated"}


async def test_what_does_not_read_is_refused_at_its_column(people: People) -> None:
    for noun in ("intents", "approvals", "audit"):
        status, answer = await people.ask("audrey", "GET", f"/{noun}", params={"q": "refund tear:T2"})
        assert (status, answer["error"]["code"]) == (422, "validation_failed")
        assert answer["error"]["details"][0]["column"] == 8
        assert "did you mean 'tier'?" in answer["error"]["message"]


async def test_the_keys_are_those_of_the_language(people: People) -> None:
    _, answer = await people.ask("victor", "GET", "/filters/keys")
    told = answer["data"]["screens"]
    assert {screen: [key["name"] for key in keys] for screen, keys in told.items()} == {
        screen: list(keys) for screen, keys in KEYS.items()
    }


async def test_a_filter_is_kept_changed_and_removed(people: People) -> None:
    status, answer = await people.ask("victor", "POST", "/filters", LATE)
    assert (status, answer["data"]["own"], answer["data"]["owner"]) == (201, True, "victor@example.com")
    path = f"/filters/{answer['data']['filter_id']}"
    assert (await people.ask("victor", "POST", "/filters", LATE))[0] == 409
    status, answer = await people.ask("victor", "POST", "/filters", {**LATE, "name": "x", "q": "tear:T2"})
    assert (status, answer["error"]["details"][0]["field"]) == (422, "/q")
    assert (await people.ask("victor", "POST", "/filters", {**LATE, "name": "x", "q": "mine:yes"}))[0] == 422
    status, answer = await people.ask("victor", "PATCH", path, {"q": "tier:T3"})
    assert (status, answer["data"]["q"], answer["data"]["name"]) == (200, "tier:T3", "refused")
    assert (await people.ask("victor", "PATCH", path, {"q": "("}))[0] == 422
    assert (await people.ask("victor", "PATCH", path, {"shared": True}))[0] == 403
    for who in ("oscar", "ada"):  # somebody else's own filter is not there, whoever asks
        assert (await people.ask(who, "PATCH", path, {"q": "tier:T1"}))[0] == 404
        assert (await people.ask(who, "DELETE", path))[0] == 404
    _, answer = await people.ask("victor", "GET", "/filters?screen=traffic")
    assert [one["q"] for one in answer["data"]["filters"]] == ["tier:T3"]
    _, answer = await people.ask("victor", "GET", "/filters?screen=inbox")
    assert answer["data"]["filters"] == []
    assert (await people.ask("victor", "DELETE", path))[0] == 200
    assert (await people.ask("victor", "DELETE", path))[0] == 404


async def test_operators_share_and_change_what_is_shared(people: People) -> None:
    shared = {**LATE, "shared": True}
    assert (await people.ask("victor", "POST", "/filters", shared))[0] == 403
    status, answer = await people.ask("oscar", "POST", "/filters", shared)
    assert status == 201
    path = f"/filters/{answer['data']['filter_id']}"
    _, answer = await people.ask("victor", "GET", "/filters")
    assert [(one["own"], one["owner"]) for one in answer["data"]["filters"]] == [(False, "oscar@example.com")]
    assert (await people.ask("victor", "DELETE", path))[0] == 403
    assert (await people.ask("ada", "PATCH", path, {"shared": False}))[0] == 200
    assert (await people.ask("ada", "DELETE", path))[0] == 404  # oscar's own again
    _, answer = await people.ask("victor", "GET", "/filters")
    assert answer["data"]["filters"] == []


async def test_one_person_keeps_so_many(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    assert (await people.ask("victor", "POST", "/filters", LATE))[0] == 201
    assert (await people.ask("victor", "POST", "/filters", {**LATE, "name": "other"}))[0] == 409
    assert (await people.ask("oscar", "POST", "/filters", LATE))[0] == 201


async def newest(people: People, q: str) -> str:
    _, answer = await people.ask("oscar", "GET", "/intents", params={"q": q, "limit": "1"})
    return str(answer["data"]["intents"][0]["intent_id"])


async def test_a_rule_is_drawn_tried_and_posted(people: People, traffic: Gate) -> None:
    intent = await newest(people, "verdict:hold action:create_refund")
    status, answer = await people.ask("oscar", "GET", f"/intents/{intent}/rule-draft?then=deny")
    draft = answer["data"]
    assert status == 200
    assert draft["says"] == "billing-bot may not create_refund on payments:order/* from 5000 EUR"
    conditions = {
        (one["field"], one["operator"]): one.get("value") for one in draft["rule"]["body"]["conditions"]
    }
    assert conditions["action", "equals"] == "create_refund"
    assert conditions["agent_id", "equals"] == "billing-bot"
    assert conditions["parameters.amount", "gte"] == 5000
    status, answer = await people.ask("oscar", "POST", "/policies/backtest", draft["backtest"]["body"])
    assert status == 200, answer
    assert answer["data"]["status"] == "done"
    status, answer = await people.ask("oscar", "POST", draft["rule"]["path"], draft["rule"]["body"])
    assert status == 201, answer
    decision = await traffic.consult("POST", REFUNDS, {"order": "ORD-3", "amount": 5000, "currency": "EUR"})
    assert (decision.verdict, decision.rule) == ("refused", draft["rule"]["body"]["id"])
    decision = await traffic.consult("POST", REFUNDS, {"order": "ORD-3", "amount": 4999, "currency": "EUR"})
    assert decision.verdict == "held"
    _, answer = await people.ask("oscar", "GET", f"/intents/{intent}/rule-draft?then=deny")
    assert answer["data"]["rule"]["body"]["id"] == f"{draft['rule']['body']['id']}-2"


async def test_no_rule_is_drawn_that_lets_go_what_many_are_asked_for(people: People, traffic: Gate) -> None:
    intent = await newest(people, "verdict:hold tier:T2")
    status, answer = await people.ask("oscar", "GET", f"/intents/{intent}/rule-draft?then=allow")
    assert (status, "POST /api/v1/standing" in answer["error"]["message"]) == (422, True)


async def test_a_rule_drawn_to_ask_people_asks_no_fewer_than_were_asked(
    people: People, traffic: Gate
) -> None:
    intent = await newest(people, "verdict:hold tier:T2")
    _, answer = await people.ask("oscar", "GET", f"/intents/{intent}/rule-draft")
    action = answer["data"]["rule"]["body"]["action"]
    assert (action["type"], action["risk_tier_override"]) == ("require_approval", "T2")
    assert any("not taken over" in note for note in answer["data"]["notes"])


async def test_a_mapping_is_drawn_that_reads_the_call(people: People, traffic: Gate) -> None:
    intent = await newest(people, "grade:unmapped method:PUT")
    status, answer = await people.ask("oscar", "GET", f"/intents/{intent}/mapping-draft")
    assert status == 200, answer
    draft = answer["data"]
    assert draft["calls"] == 3
    assert "/v2/pages/{page}" in draft["mapping"]
    tried: dict[str, Any] = {
        "method": "PUT",
        "url": f"{PAGES}/99",
        "headers": [["Content-Type", "application/json"]],
        "body": '{"title": "t", "tags": ["b"]}',
        "mapping": draft["mapping"],
    }
    status, answer = await people.ask("oscar", "POST", "/mappings/test", tried)
    assert (status, answer["data"]["mapped"]) == (200, True), answer
    assert [one["action"] for one in answer["data"]["intents"]] == draft["actions"]
    assert answer["data"]["intents"][0]["parameters"]["title"] == "t"
    mapped = await newest(people, "action:create_refund")
    status, answer = await people.ask("oscar", "GET", f"/intents/{mapped}/mapping-draft")
    assert (status, answer["error"]["message"]) == (409, "a mapping reads it already, as create_refund")
    for what in ("rule-draft", "mapping-draft"):
        assert (await people.ask("oscar", "GET", f"/intents/int-none/{what}"))[0] == 404
