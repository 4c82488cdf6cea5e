"""The pages of policies over HTTP: who may, what is escaped, what they offer, and drafts made on the server."""

from __future__ import annotations

import re
from typing import Any

import pytest

from console_kit import api, data, images, page
from gate_end import gate
from people import People
from planes import Control

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'
RULE: dict[str, Any] = {
    "id": "night",
    "name": HOSTILE,
    "priority": 500,
    "conditions": [{"field": "parameters.note", "operator": "equals", "value": HOSTILE}],
    "action": {"type": "deny", "reason": HOSTILE},
}
PATHS = [
    "/policies", "/policies/new", "/policies/refund-ceiling", "/policies/templates", "/policies/suggestions",
    "/policies/budgets", "/policies/changes",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_reads_sees_them_and_may_change_nothing(control: Control, path: str) -> None:
    text = await page(control, path)
    assert text.count("<h1") == 1
    assert 'data-api="POST /policies"' not in text
    assert "DELETE /policies" not in text


async def test_rules_stand_in_their_order_with_their_marks_and_a_filter(control: Control) -> None:
    await api(control, "POST", "/policies", {**RULE, "name": "Night", "shadow": True})
    text = await page(control, "/policies")
    assert text.index("/console/policies/night") < text.index("/console/policies/refund-ceiling")
    assert "shadow</span>" in text
    assert ">file</span>" in text
    assert "parameters.amount &gt; 1000 EUR" in text
    found = await data(control, "/policies?q=night&state=shadow")
    assert [one["id"] for one in found["found"]["policies"]] == ["night"]
    assert "No rule fits the filter" in await page(control, "/policies?q=nothing-like-it")


async def test_what_a_rule_says_is_text_wherever_it_stands(control: Control) -> None:
    await api(control, "POST", "/policies", RULE)
    for path in ("/policies", "/policies/night"):
        text = await page(control, path, key="operator")
        assert images(text) == 0
        assert "⟨U+202E⟩" in text
    await api(control, "PATCH", "/policies/night", {"name": "Night"})
    assert "<del>" in await page(control, "/policies/night")


async def test_a_rule_of_a_file_can_be_tried_and_not_kept(control: Control) -> None:
    text = await page(control, "/policies/refund-ceiling", key="operator")
    assert "changed there" in text
    assert 'id="save"' not in text
    assert 'id="backtest-form"' in text


async def test_a_rule_that_is_not_there_is_not_found(control: Control) -> None:
    status, _, _ = await control.ask("GET", "/console/policies/nothing", key="viewer")
    assert status == 404
    for query in ("from=int-nothing", "template=nothing", "suggestion=nothing"):
        status, _, _ = await control.ask("GET", f"/console/policies/new?{query}", key="viewer")
        assert status == 404


async def test_rows_become_text_and_text_becomes_rows(control: Control) -> None:
    begun = (await data(control, "/policies/new"))["draft"]
    rows = {**begun["rows"], "id": "mine"}
    rows["when"]["members"][0]["value"] = "create_refund"
    rows["when"]["members"].append(
        {"field": "parameters.amount", "operator": "gt", "value": "1000", "currency": "eur"}
    )
    made = (await data(control, "/policies/draft", body={"text": begun["text"], "rows": rows}))["draft"]
    assert made["problems"] == []
    assert made["when"] == "action == 'create_refund' AND parameters.amount > 1000 EUR"
    assert "- {field: parameters.amount, operator: gt, value: 1000, currency: EUR}" in made["text"]
    back = (await data(control, "/policies/draft", body={"text": made["text"]}))["draft"]
    assert back["rows"]["when"]["members"] == [
        *rows["when"]["members"][:1],
        {"field": "parameters.amount", "operator": "gt", "value": "1000", "currency": "EUR"},
    ]
    assert back["rule"] == made["rule"]
    kept = await api(control, "POST", "/policies", made["rule"])
    assert kept["conditions"] == made["rule"]["conditions"]


async def test_a_text_that_is_no_rule_is_told_by_line_and_by_what_was_expected(control: Control) -> None:
    text = "id: r\nwhen:\n- {field: action, operator: equal, value: x}\nthen: {action: deny}\n"
    told = (await data(control, "/policies/draft", body={"text": text}))["draft"]
    assert (told["rule"], told["problems"][0]["line"], told["problems"][0]["field"]) == (
        None,
        3,
        "when[0].operator",
    )
    assert "did you mean 'equals'?" in told["problems"][0]["why"]
    assert 'data-line="3"' in await page(control, "/policies/draft", body={"text": text})
    broken = (await data(control, "/policies/draft", body={"text": "id: [\n"}))["draft"]
    assert broken["rows"] is None
    assert broken["problems"][0]["line"]


async def test_more_than_a_rule_may_be_is_refused_before_it_is_read(control: Control) -> None:
    """Reading and writing as much YAML as fits into a body takes half a minute."""
    told = (await data(control, "/policies/draft", body={"text": "[" + "1," * 60_000}))["draft"]
    assert (told["rows"], told["rule"]) == (None, None)
    assert told["problems"][0]["why"] == "longer than 100000 characters"
    rows = {"tags": "a," * 60_000}
    status, text, _ = await control.ask(
        "POST", "/console/policies/draft", key="viewer", body={"text": "", "rows": rows}
    )
    assert status == 400
    assert b"longer than 100000 characters" in text


@pytest.mark.parametrize("members", [5, "all", {"word": "all"}, [5, None, "all"]])
async def test_groups_without_members_are_empty_groups(control: Control, members: Any) -> None:
    rows = {"id": "r", "when": {"word": "all", "members": [{"word": "any", "members": members}]}}
    told = (await data(control, "/policies/draft", body={"text": "", "rows": rows}))["draft"]
    assert told["rule"] is None
    assert "any: []" in told["text"]


async def test_what_nobody_touched_keeps_its_comments(control: Control) -> None:
    text = "id: r  # mine\nwhen: action == 'create_refund'\nthen: {action: deny}\n"
    rows = (await data(control, "/policies/draft", body={"text": text}))["draft"]["rows"]
    told = (await data(control, "/policies/draft", body={"text": text, "rows": rows}))["draft"]
    assert told["text"] == text
    assert told["rule"]["expression"] == "action == 'create_refund'"


async def test_a_change_takes_back_what_its_text_leaves_out(control: Control) -> None:
    more = {
        "description": "long",
        "tags": ["a"],
        "action": {"type": "require_approval", "approvals": {"groups": ["finance"], "mfa": True}},
    }
    await api(control, "POST", "/policies", {**RULE, **more, "name": "Night"})
    text = (
        "id: night\nwhen: action == 'x'\nthen:\n  action: require_approval\n  approvals: {groups: [devops]}\n"
    )
    told = (await data(control, "/policies/draft", body={"text": text, "id": "night"}))["draft"]
    changed = await api(control, "PATCH", "/policies/night", told["change"])
    assert changed["action"] == {"type": "require_approval", "approvals": {"groups": ["devops"]}}
    assert (changed["description"], "tags" in changed, changed["expression"]) == ("", False, "action == 'x'")


async def test_a_dry_run_tells_each_rule_with_what_it_asked(control: Control) -> None:
    body = {
        "action": "create_refund",
        "parameters": {"order": "O", "amount": 5000, "currency": "EUR", "note": HOSTILE},
    }
    text = await page(control, "/policies/try", body=body)
    assert "Refunds over 1,000 need two people" in text or "refunds-need-two" in text
    assert "5000 EUR" in text
    assert images(text) == 0
    wrong = await page(control, "/policies/try", body={"target": "nothing"})
    assert 'role="alert"' in wrong


async def test_templates_offer_their_rules_and_cases(control: Control) -> None:
    text = await page(control, "/policies/templates", key="operator")
    assert "/console/policies/new?template=financial_services" in text
    found = re.search(r"/console/policies/new\?template=general&amp;rule=([a-z-]+)", text)
    assert found
    told = await data(control, f"/policies/new?template=general&rule={found[1]}")
    assert told["draft"]["rule"]["id"] == found[1]


async def test_what_people_always_deny_is_suggested_with_its_backtest_and_opens_as_a_rule(
    control: Control, people: People
) -> None:
    assert "Nothing to suggest" in await page(control, "/policies/suggestions")
    for number in range(5):
        body = {"order": f"O-{number}", "amount": 5000, "currency": "EUR"}
        sent = {"action": "create_refund", "parameters": body}
        asked = await api(control, "POST", "/agent/intent", sent, key="agent")
        told = await api(control, "GET", f"/intents/{asked['intent_id']}")
        await people.deny("alice", told["approval_id"])
    text = await page(control, "/policies/suggestions", key="operator")
    assert "always said no" in text
    assert "Decided otherwise" in text
    found = re.search(r"/console/policies/new\?suggestion=([\w.-]+)", text)
    assert found
    told = await data(control, f"/policies/new?suggestion={found[1]}")
    assert told["draft"]["rule"]["action"]["type"] == "deny"


async def test_a_budget_shows_what_is_used_and_left(control: Control) -> None:
    assert "No rule has a budget" in await page(control, "/policies/budgets")
    rule = {
        "id": "counted",
        "priority": 900,
        "expression": "action == 'get_order'",
        "action": {"type": "allow"},
        "limits": {"budget": {"name": "orders", "window": "1d", "max": 10, "over": "count"}},
    }
    await api(control, "POST", "/policies", rule)
    assert "Nothing was booked yet" in await page(control, "/policies/budgets")
    async with gate(control) as bot:
        await bot.consult("GET", "https://payments.example/v1/orders/O")
    text = await page(control, "/policies/budgets")
    assert "<meter" in text
    assert "orders: 10 in 1d per agent" in text


async def test_a_shadow_rule_tells_what_it_saw_and_can_be_put_in_force(control: Control) -> None:
    await api(control, "POST", "/policies", {**RULE, "name": "Night", "shadow": True})
    text = await page(control, "/policies/night", key="operator")
    assert "It would have decided 0 calls" in text
    assert 'name="shadow" data-type="boolean" value="false"' in text
    assert "Put in force" in text


async def test_a_backtest_has_an_address_of_its_own(control: Control) -> None:
    sent = {"action": "create_refund", "parameters": {"order": "O", "amount": 5000, "currency": "EUR"}}
    asked = await api(control, "POST", "/agent/intent", sent, key="agent")
    rule = {
        "id": "none",
        "priority": 900,
        "expression": "action == 'create_refund'",
        "action": {"type": "deny"},
    }
    made = await api(control, "POST", "/policies/backtest", {"rule": rule})
    text = await page(control, f"/policies/backtests/{made['id']}")
    assert f"/console/traffic/{asked['intent_id']}" in text
    assert "aria-busy" not in text
    _, part, _ = await control.ask(
        "GET", f"/console/policies/backtests/{made['id']}", key="viewer",
        headers={"HX-Request": "true", "HX-Target": "div#backtest"},
    )  # fmt: skip
    assert part.strip().startswith(b'<div id="backtest"')


@pytest.fixture
def two_people(control: Control, monkeypatch: pytest.MonkeyPatch) -> Control:
    """The same control plane where a change of policy takes two people."""
    section = control.app.config.control.model_copy(update={"policy_two_person": True})
    monkeypatch.setattr(control.app, "config", control.app.config.model_copy(update={"control": section}))
    return control


async def test_a_change_that_takes_two_people_says_so_before_and_after(two_people: Control) -> None:
    before = await page(two_people, "/policies/new", key="operator")
    assert "takes two people here" in before
    assert ">Propose</button>" in before
    told = await api(two_people, "POST", "/policies", RULE)
    path = f"/policies/changes/{told['change']['id']}"
    own = await page(two_people, path, key="operator")
    assert "somebody else has to approve it" in own
    assert "/approve" not in own
    other = await page(two_people, path, key="admin")
    assert f'data-api="POST {path}/approve"' in other
    assert images(other) == 0
    assert "/approve" not in await page(two_people, path, key="viewer")
    assert told["change"]["id"] in await page(two_people, "/policies/changes", key="viewer")
    assert 'class="count">1<' in await page(two_people, "/policies")
