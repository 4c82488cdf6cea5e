"""Policies and mappings in a browser: written, tried, backtested, put in force by two people; the call follows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.desk import at, follow, violations
from harness import laws
from harness.upstream import Upstream
from harness.vienna import Vienna, people

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

ORDER = "https://payments.example/v1/orders/ORD-1"
LEGACY = "https://legacy.example/v1/parcels"
PARCEL = {"to": "Vienna", "weight": 5}
BROKEN = "id: mine\nwhen:\n- {field: action, operator: equal, value: get_order}\nthen: {action: deny}\n"
BOTH_AT_ONCE = (
    '() => { for (const to of ["rows", "text"]) document.querySelector(`[data-mode=${to}]`).click(); }'
)
SHOP = {
    "openapi": "3.0.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example"}],
    "paths": {
        "/v1/baskets/{basket}": {
            "get": {
                "operationId": "getBasket",
                "parameters": [
                    {"name": "basket", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {"200": {"description": "it"}},
            }
        }
    },
}
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vienna]:
    """A change of policy takes two people here: dora and dirk."""
    folder = tmp_path_factory.mktemp("policies")
    everybody = people()
    for one in everybody.values():
        one.password = None  # hashing one is slow on purpose
    hosts = ["payments.example", "legacy.example"]
    with (
        Upstream(folder, hosts=hosts) as server,
        Vienna(folder, server, everybody=everybody, control={"policy_two_person": True}) as running,
    ):
        yield running


@pytest.fixture
def desk(shared: Vienna, new_page: NewPage) -> Callable[[str, str], Page]:
    """Somebody's browser at a page of the console."""
    return lambda who, path: at(new_page(), shared, who, path)


def newest(vienna: Vienna, host: str) -> dict[str, Any]:
    return next(one for one in vienna.intents() if one["host"] == host)


def approved(page: Page) -> None:
    page.get_by_role("button", name="Approve and put in force").click()
    expect(page.locator("h1 + .tag")).to_have_text("applied")


def value(page: Page, row: int) -> Locator:
    return page.get_by_label("Value", exact=True).nth(row)


def test_a_rule_made_from_a_recorded_call_decides_the_next_one(
    shared: Vienna, desk: Callable[[str, str], Page]
) -> None:
    assert shared.call("GET", ORDER).status_code == 200
    intent = newest(shared, "payments.example")["intent_id"]
    page = desk("dora", f"/policies/new?from={intent}&then=deny")
    expect(value(page, 0)).to_have_value("get_order")
    expect(page.get_by_text("takes two people here")).to_be_visible()

    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#tried .says")).to_contain_text("denied")
    expect(page.locator("#tried")).to_contain_text("this rule")

    page.get_by_role("button", name="Backtest").click()
    expect(page.locator("#backtest .flips")).to_contain_text("goes")
    expect(page.locator("#backtest .flips")).to_contain_text("denied")
    assert page.locator(f'#backtest a[href="/console/traffic/{intent}"]').count() == 1

    page.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/console/policies/changes/*")
    expect(page.get_by_text("somebody else has to approve it")).to_be_visible()
    assert shared.call("GET", ORDER).status_code == 200  # proposed is not in force

    other = desk("dirk", page.url.partition("/console")[2])
    expect(other.locator("main")).to_contain_text(HOSTILE)
    approved(other)
    answer = shared.call("GET", ORDER)
    assert answer.status_code == 403
    rules = shared.get("/policies", source="api")["policies"]
    assert [one["hits"] for one in rules] == [1]
    laws.check(shared)


def test_a_backtest_is_waited_for_as_long_as_it_takes(
    shared: Vienna, desk: Callable[[str, str], Page]
) -> None:
    rule = {"id": "none", "expression": "action == 'get_order'", "action": {"type": "deny"}}
    made = shared.post("/policies/backtest", rule=rule)["id"]

    def said_to_be(status: str) -> None:
        with closing(sqlite3.connect(shared.database, isolation_level=None)) as behind_its_back:
            behind_its_back.execute("UPDATE backtests SET status = ? WHERE id = ?", [status, made])

    said_to_be("running")
    page = desk("dora", f"/policies/backtests/{made}")
    for _ in range(2):
        with page.expect_response(f"**/policies/backtests/{made}"):
            expect(page.locator("#backtest progress")).to_be_visible()
    said_to_be("done")
    expect(page.locator("#backtest")).to_contain_text("Its own page")


def test_what_is_no_rule_is_told_by_its_line_and_rows_and_text_are_the_same_rule(
    shared: Vienna, desk: Callable[[str, str], Page]
) -> None:
    page = desk("dora", "/policies/new")
    page.get_by_role("button", name="YAML").click()
    text = page.get_by_label("The rule as it would lie in a file")
    text.fill(BROKEN)
    wrong = page.locator("#verdict .problems")
    expect(wrong).to_contain_text("unknown operator 'equal'; did you mean 'equals'?")
    page.get_by_role("button", name="line 3, column 19").click()
    assert page.evaluate("getSelection().toString()") == BROKEN.splitlines()[2]

    page.get_by_role("button", name="Rows").click()  # rows show it too, and where it is wrong
    expect(page.get_by_label("Operator")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Operator").select_option("equals")
    expect(page.locator("#verdict")).to_contain_text("action == 'get_order'")

    page.get_by_role("button", name="Add group").click()
    group = page.locator(".group .group")
    group.get_by_role("button", name="Add condition").click()
    group.get_by_label("Field").fill("parameters.note")
    group.get_by_label("Value").fill('a, "b"')
    group.get_by_role("button", name="Add condition").click()
    group.get_by_label("Field").nth(1).fill("rate")
    group.get_by_label("Operator").nth(1).select_option("gt")
    group.get_by_label("Value").nth(1).fill("5")
    expect(page.locator("#verdict")).to_contain_text("OR rate > 5")
    page.get_by_role("button", name="YAML").click()
    expect(text).to_be_visible()
    written = text.input_value()
    assert "- any:" in written
    assert "value: 5}" in written
    page.get_by_role("button", name="Rows").click()
    expect(group.get_by_label("Value").nth(0)).to_have_value('a, "b"')
    page.get_by_role("button", name="YAML").click()
    expect(text).to_be_visible()
    assert text.input_value() == written

    with page.expect_response("**/policies/draft"):  # the last word counts, whatever is still on its way
        page.evaluate(BOTH_AT_ONCE)
    page.evaluate("new Promise((done) => setTimeout(done, 50))")  # what was answered is shown by now, if ever
    expect(text).to_be_visible()
    expect(page.get_by_role("button", name="YAML")).to_have_attribute("aria-pressed", "true")


def test_an_unmapped_call_gets_a_meaning_from_a_mapping_drawn_from_it(
    shared: Vienna, desk: Callable[[str, str], Page]
) -> None:
    shared.call("POST", LEGACY, json=PARCEL)
    assert newest(shared, "legacy.example")["action"] == "http.post"
    page = desk("dora", "/mappings/coverage")
    page.set_viewport_size({"width": 360, "height": 780})
    follow(page.get_by_role("link", name="Map this: POST /v1/parcels of legacy.example"))
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#tried .says")).to_contain_text("mapped")
    name = page.locator("#tried .sunk strong").inner_text()

    good = page.get_by_label("Mapping", exact=True).first.input_value()
    page.locator("#mapping-text").fill(good.replace("protocol: rest", "protocol: soap"))
    page.get_by_role("button", name="Propose").click()
    expect(page.locator("[data-places]")).to_contain_text("line ")
    page.locator("#mapping-text").fill(good)
    page.get_by_role("button", name="Propose").click()
    page.wait_for_url("**/console/policies/changes/*")
    approved(desk("dirk", page.url.partition("/console")[2]))
    shared.call("POST", LEGACY, json=PARCEL)
    assert newest(shared, "legacy.example")["action"] == name
    laws.check(shared)


def test_a_description_becomes_a_mapping_to_be_looked_at_and_kept(
    shared: Vienna, desk: Callable[[str, str], Page]
) -> None:
    page = desk("dora", "/mappings/import")
    document = page.get_by_label("Document")
    document.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#import [data-problem]")).not_to_be_empty()
    described = json.dumps(SHOP).encode()
    document.set_input_files({"name": "shop.json", "mimeType": "application/json", "buffer": described})
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#proposed-says")).to_contain_text("for shop.example")
    page.get_by_role("button", name="Propose it").click()
    page.wait_for_url("**/console/policies/changes/*")
    approved(desk("dirk", page.url.partition("/console")[2]))
    assert shared.get("/mappings/shop")["hosts"] == ["shop.example"]


@pytest.mark.parametrize("path", ["/policies", "/policies/refunds-need-two", "/mappings/toy_payments"])
def test_everybody_can_use_them(
    shared: Vienna, browser: Browser, desk: Callable[[str, str], Page], path: str
) -> None:
    page = desk("dora", path)
    assert violations(browser, page) == []
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
