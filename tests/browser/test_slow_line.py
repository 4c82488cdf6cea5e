"""Pages as somebody meets them whose line is slow: before the scripts are there, and while answers come late."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from browser.desk import at
from harness.vienna import Vienna

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

TICKETS = "https://payments.example/v1/tickets"


def test_no_form_is_sent_before_its_script_has_come(shared: Vienna, new_page: NewPage) -> None:
    page = new_page()
    page.route(re.compile(r"/js/(?!first\.js)"), lambda route: route.abort())
    page.goto(f"{shared.url}/console/login")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("button", name="Log in", exact=True).click()
    assert page.url == f"{shared.url}/console/login"
    expect(page.get_by_label("Password")).to_have_value("correct horse battery staple")


def test_a_preview_of_what_was_written_before_is_not_shown(shared: Vienna, new_page: NewPage) -> None:
    answer = shared.call("POST", TICKETS, json={"subject": "late"}, headers={"Prefer": "respond-async"})
    (asked,) = shared.pending()
    assert asked["intent_id"] == answer.headers["vienna-intent"]
    page = at(new_page(), shared, "carol", f"/approvals/{asked['approval_id']}?do=deny")
    held: list[Route] = []
    page.route("**/refusal", lambda route: route.continue_() if held else held.append(route))
    reason, read = page.get_by_label("Reason, which the agent reads"), page.locator("#refusal blockquote")
    with page.expect_request("**/refusal"):
        reason.fill("not this customer")
    reason.fill("another customer")
    expect(read).to_contain_text("another customer")
    with page.expect_response("**/refusal") as late:
        held[0].continue_()
    late.value.finished()
    page.evaluate("fetch('/console/login').then((answer) => answer.text())")  # the page has had it by then
    expect(read).to_contain_text("another customer")
    shared.deny(asked["approval_id"], "carol", "over")


def test_a_count_of_before_is_not_shown(shared: Vienna, new_page: NewPage) -> None:
    before = shared.get("/counts")
    page = at(new_page(), shared, "dora", "/alerts")
    held: list[Route] = []
    page.route("**/api/v1/counts", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/api/v1/counts"):
        shared.post("/freeze", host="one.example", level="freeze", reason="an alert")
    shared.post("/freeze", host="other.example", level="freeze", reason="another")
    badge = page.locator(".rail [data-count=alerts]")
    expect(badge).to_have_text(str(before["alerts"] + 2))
    with page.expect_response("**/api/v1/counts") as late:
        held[0].fulfill(json={"success": True, "data": before, "error": None})
    late.value.finished()
    page.evaluate("fetch('/console/login').then((answer) => answer.text())")  # the page has had it by then
    expect(badge).to_have_text(str(before["alerts"] + 2))


RULE = """\
id: late
when:
  - {field: action, operator: equals, value: WORD}
then: {action: deny}
"""


def test_what_is_written_while_the_way_to_write_changes_is_not_lost(
    shared: Vienna, new_page: NewPage
) -> None:
    page = at(new_page(), shared, "dora", "/policies/new")
    page.get_by_role("button", name="YAML").click()
    text = page.get_by_label("The rule as it would lie in a file")
    text.fill(RULE.replace("WORD", "get_order"))
    expect(page.locator("#verdict")).to_contain_text("action == 'get_order'")
    held: list[Route] = []
    page.route("**/policies/draft", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/policies/draft"):
        page.get_by_role("button", name="Rows").click()
    text.fill(RULE.replace("WORD", "create_refund"))
    with page.expect_response("**/policies/draft"):
        held[0].continue_()
    expect(page.get_by_label("Value")).to_have_value("create_refund")
    expect(page.get_by_role("button", name="Rows")).to_have_attribute("aria-pressed", "true")
