"""The console page, in a browser, against the running product."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from harness import laws
from harness.vienna import Vienna, in_background

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"}


def logged_in(page: Page, vienna: Vienna, who: str) -> Page:
    person = vienna.people[who]
    page.goto(f"{vienna.url}/console/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(person.password or "")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#live")).to_have_text("live")
    return page


def approve_here(page: Page, code: str) -> None:
    page.get_by_label("Type the last 4 characters").fill("2345")
    page.get_by_label("Your code").fill(code)
    page.get_by_role("button", name="Approve").click()


def test_a_wrong_password_is_refused_without_saying_which_was_wrong(
    vienna: Vienna, new_page: NewPage
) -> None:
    page = new_page()
    page.goto(f"{vienna.url}/console/")
    page.get_by_label("E-mail").fill("alice@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.locator("#top")).to_be_hidden()


def test_a_request_appears_by_itself_and_two_people_approve_it(vienna: Vienna, new_page: NewPage) -> None:
    alice, bob = logged_in(new_page(), vienna, "alice"), logged_in(new_page(), vienna, "bob")
    expect(alice.locator("#empty")).to_be_visible()
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        row = alice.locator("#inbox .row")
        expect(row).to_contain_text("5,000.00 EUR")
        row.click()
        expect(alice.locator("#request")).to_have_text(f"POST {REFUNDS}")
        expect(alice.locator("main")).to_contain_text("ORD-12345")
        approve_here(alice, vienna.people["alice"].code())
        expect(alice.locator("#may-not")).to_be_visible()  # nobody counts twice

        bob.locator("#inbox .row").click()
        approve_here(bob, vienna.people["bob"].code())
        expect(bob.locator("#status")).to_have_text("approved")
        expect(alice.locator("#status")).to_have_text("approved")  # told by the server, nobody reloaded
        assert call.result().status_code == 200
    laws.check(vienna)


def test_a_wrong_code_is_told_and_nothing_happens(vienna: Vienna, new_page: NewPage) -> None:
    page = logged_in(new_page(), vienna, "alice")
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        page.locator("#inbox .row").click()
        approve_here(page, "000000")
        expect(page.locator("#approve-form [role=alert]")).not_to_be_empty()
        expect(page.locator("#status")).to_have_text("pending")
        vienna.deny(vienna.pending()[0], "alice", "over")
        assert call.result().status_code == 403
    assert vienna.upstream.received == []


def test_a_denial_needs_a_reason_and_the_agent_reads_it(vienna: Vienna, new_page: NewPage) -> None:
    page = logged_in(new_page(), vienna, "alice")
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        page.locator("#inbox .row").click()
        page.get_by_role("button", name="Deny", exact=True).click()
        expect(page.locator("#status")).to_have_text("pending")
        page.get_by_label("Reason").fill("wrong customer, ask Ann")
        page.get_by_role("button", name="Deny", exact=True).click()
        expect(page.locator("#status")).to_have_text("denied")
        answer = call.result()
    assert answer.status_code == 403
    assert "wrong customer, ask Ann" in answer.json()["detail"]
    laws.check(vienna)


def test_what_the_agent_wrote_is_shown_as_text(vienna: Vienna, new_page: NewPage) -> None:
    page = logged_in(new_page(), vienna, "alice")
    nasty = '<img src=x onerror="document.title=1">\u202egnp.exe'
    with in_background(
        lambda: vienna.call("POST", "https://payments.example/v1/tickets", json={"subject": nasty})
    ) as call:
        page.locator("#inbox .row").click()
        expect(page.locator("main")).to_contain_text("<img src=x onerror=")
        assert page.locator("main img").count() == 0
        assert "\u202e" not in page.locator("main").inner_text()
        vienna.deny(vienna.pending()[0], "carol", "no")
        call.result()


def test_nothing_is_loaded_from_elsewhere(vienna: Vienna, new_page: NewPage) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(f"{vienna.url}/console/")
    assert answer
    assert "default-src" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    logged_in(page, vienna, "alice")
    assert [url for url in asked if not url.startswith(vienna.url)] == []
