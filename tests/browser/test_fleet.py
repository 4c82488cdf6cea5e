"""Agents, warrants and the emergency stop in a browser, with a real gate at the other end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.desk import at, follow, violations
from harness import laws
from harness.vienna import Vienna, in_background, until

pytestmark = [pytest.mark.browser, pytest.mark.journey]

_PARCELS = itertools.count()

type NewPage = Callable[[], Page]

AGENT = f"/fleet/{Vienna.AGENT}"
TICKETS = "https://payments.example/v1/tickets"
ORDER = "https://payments.example/v1/orders/ORD-1"
REFUNDS = "https://payments.example/v1/refunds"
TOO_MUCH = {"order": "ORD-1", "amount": "50000.00", "currency": "EUR"}
"""Refused, where anything is enforced: whoever asks for it leaves nothing behind that waits."""


@pytest.fixture
def watched(shared: Vienna) -> Iterator[Vienna]:
    """Its agent is only watched; afterwards it is enforced again."""
    shared.post(f"{AGENT}/promote", to="observe", confirm=True)
    until("the gate to have heard", lambda: shared.call("POST", REFUNDS, json=TOO_MUCH).is_success)
    yield shared
    shared.post(f"{AGENT}/promote", to="enforce", confirm=True)
    until("the gate to have heard", lambda: shared.call("POST", REFUNDS, json=TOO_MUCH).status_code == 403)


def say_yes(page: Page, label: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=label).click()


def _call(vienna: Vienna, subject: str = "late parcel") -> httpx.Response:
    return vienna.call("POST", TICKETS, json={"subject": subject}, headers={"Prefer": "respond-async"})


def _held(vienna: Vienna) -> str | None:
    """Approval of a call that is held; None: it was let go, or refused."""
    answer = _call(vienna, f"parcel {next(_PARCELS)}")  # what was agreed to before would go at once
    if answer.status_code != 202:
        return None
    found = vienna.get("/approvals", "alice", status="pending", limit=100)["approvals"]
    return next(
        str(one["approval_id"]) for one in found if one["intent_id"] == answer.headers["vienna-intent"]
    )


def agree(vienna: Vienna, approval: Any) -> None:
    """carol does, who needs no second factor for what is this small."""
    answer = vienna.vote(approval, "carol", otp=None)
    assert answer.is_success, answer.text


def reason(answer: httpx.Response) -> str:
    return answer.headers["vienna-reason"]


def ticket(vienna: Vienna, subject: str) -> Callable[[], httpx.Response]:
    return lambda: vienna.call("POST", TICKETS, json={"subject": subject}, seconds=90)


def test_an_observed_agent_is_promoted_knowing_what_that_does(watched: Vienna, new_page: NewPage) -> None:
    for _ in range(5):
        assert _call(watched).status_code == 201, "only watched"
    told = watched.get(f"{AGENT}/forecast", to="enforce")
    assert told["would_hold"] >= 5
    page = at(new_page(), watched, "dora", AGENT)
    rung = page.locator("section.rung", has=page.locator("#to-enforce"))
    expect(rung.locator("dl.stats div", has_text="asked about").locator("dd")).to_have_text(
        str(told["would_hold"])
    )
    expect(rung).to_contain_text("Standing warrant")
    rung.get_by_role("button", name="Promote to enforce").click()
    expect(page.get_by_role("dialog")).to_contain_text(
        f"{told['would_hold']} of its last {told['calls']} calls would have been asked about"
    )
    say_yes(page, "Promote")
    expect(page.locator(".rungs [aria-current=step]")).to_contain_text("Enforce · now")
    agree(watched, until("the gate to have heard", lambda: _held(watched)))
    laws.check(watched)


def test_a_suspended_agent_is_told_why_and_goes_on_when_it_is_resumed(
    shared: Vienna, new_page: NewPage
) -> None:
    page = at(new_page(), shared, "dora", AGENT)
    with in_background(ticket(shared, "on the line")) as call:
        shared.pending()
        page.locator("#suspend-reason").fill("odd refunds since noon")
        page.get_by_role("button", name="Suspend billing-bot").click()
        with page.expect_navigation():  # it is read anew; its parts are before that, by themselves
            say_yes(page, "Stop it")
        ended = call.result()
    assert (ended.status_code, reason(ended)) == (403, "agent_suspended")
    expect(page.locator("#state")).to_contain_text("odd refunds since noon")
    expect(page.locator("#state")).to_contain_text("dora@example.com")
    refused = shared.call("GET", ORDER)
    assert (refused.status_code, reason(refused)) == (403, "agent_suspended"), "reads neither"
    page.get_by_label("Why it may go on").fill("looked into")
    page.get_by_role("button", name="Resume billing-bot").click()
    expect(page.locator("#state section")).to_have_count(0)
    until("the gate to have heard", lambda: shared.call("GET", ORDER).is_success)


def test_everything_is_frozen_by_one_and_lifted_by_two(shared: Vienna, new_page: NewPage) -> None:
    dora, dirk = at(new_page(), shared, "dora"), at(new_page(), shared, "dirk", "/warrants")
    dora.keyboard.press("Control+k")
    dora.keyboard.type("freeze")
    dora.keyboard.press("Enter")
    dora.wait_for_url("**/console/freeze")
    expect(dora.locator("h1")).to_have_text("Emergency stop")
    dora.get_by_label("What", exact=True).select_option("all")
    dora.locator("#freeze").get_by_label("Reason").fill("incident 4711")
    with in_background(ticket(shared, "while it freezes")) as call:
        shared.pending()
        dora.get_by_role("button", name="Freeze", exact=True).click()
        say_yes(dora, "Freeze it")
        assert reason(call.result()) == "frozen"
    expect(dirk.locator("[data-frozen]")).to_be_visible()  # told by the server, nobody reloaded
    assert reason(_call(shared)) == "frozen"
    assert shared.call("GET", ORDER).is_success, "reads go on"
    follow(dirk.get_by_role("link", name="See what is frozen"))
    card = dirk.locator("section.held")
    expect(card).to_contain_text("incident 4711")
    expect(card).to_contain_text("It ended 1 call ")
    expect(card).to_contain_text(re.compile(r"refused [12] call"))  # whom it ended may have asked once more
    _lift(dora, "Ask to lift it")
    expect(dora.locator("section.held")).to_contain_text("You have asked to lift it")
    expect(card).to_contain_text("dora@example.com has asked to lift it")
    _lift(dirk, "Lift it", opened=True)
    expect(dirk.locator("#held")).to_contain_text("Nothing is frozen")
    expect(dora.locator("[data-frozen]")).to_be_hidden()
    agree(shared, until("the gate to have heard", lambda: _held(shared)))


def _lift(page: Page, name: str, *, opened: bool = False) -> None:
    card = page.locator("section.held")
    if not opened:
        card.locator("summary", has_text=name).click()
    card.get_by_label("Why it may end").fill("over")
    card.get_by_role("button", name=name).click()


def test_a_warrant_that_is_revoked_permits_nothing(shared: Vienna, new_page: NewPage) -> None:
    body = {"action": "create_ticket", "target": "payments:tickets", "mode": "passback"}
    sent = shared.post("/agent/intent", "agent", **body, parameters={"subject": "later"})
    agree(shared, shared.pending()[0])
    warrant = until("its warrant", lambda: shared.get(f"/intents/{sent['intent_id']}")["warrant_id"])
    page = at(new_page(), shared, "dora", "/warrants")
    row = page.locator(f"#{warrant}")
    expect(row.locator("meter")).to_be_visible()
    follow(row.locator("a[data-row]"))
    expect(page.locator(".note", has_text="It holds")).to_be_visible()
    page.get_by_label("Reason").fill("not any more")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.locator(".head")).to_contain_text("revoked")
    expect(page.locator(".timeline")).to_contain_text("Revoked: not any more")
    used = shared.api("agent").post(f"warrants/{warrant}/consume", json={"attempt": "attempt-1"})
    assert (used.status_code, used.json()["success"]) == (409, False)


def test_a_standing_warrant_is_tried_asked_for_and_revoked(shared: Vienna, new_page: NewPage) -> None:
    agree(shared, str(_held(shared)))
    page = at(new_page(), shared, "dora", f"/standing/new?action=create_ticket&agent={Vienna.AGENT}")
    page.get_by_label("subject: whether it may be there").select_option("false")
    page.get_by_label("body: whether it may be there").select_option("true")
    page.get_by_label("Why").fill("tickets are many")
    preview = page.locator("#preview")
    expect(preview).to_contain_text(re.compile(r"[1-9]\d* of \d+ such calls? would have been covered"))
    page.get_by_label("subject: one of").fill("something else")
    expect(preview).to_contain_text("0 of")
    page.get_by_label("subject: one of").fill("")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("#one")).to_contain_text("People have not decided about it yet")
    approval = follow(page.get_by_role("link", name="Its approval")).url.rpartition("/")[2]
    agree(shared, approval)
    page.go_back()
    page.reload()
    expect(page.locator("#left")).to_have_text("20 of 20 left")
    assert shared.call("POST", TICKETS, json={"subject": "unasked"}).is_success
    expect(page.locator("#left")).to_have_text("19 of 20 left")
    page.get_by_label("Reason").fill("enough")
    page.get_by_role("button", name="Revoke it").click()
    expect(page.locator("#one .head")).to_contain_text("revoked")


def test_an_agent_is_registered_and_its_key_is_shown_once(shared: Vienna, new_page: NewPage) -> None:
    page = at(new_page(), shared, "dora", "/fleet")
    page.keyboard.press("n")
    form = page.locator("#register form")
    form.get_by_label("Name").fill("ledger bot")
    form.get_by_role("button", name="Register").click()
    expect(form.locator("[aria-invalid=true]")).to_be_focused()
    form.get_by_label("Name").fill("ledger-bot")
    form.get_by_role("button", name="Register").click()
    shown = page.get_by_role("dialog").locator("[data-secret]")
    expect(shown).to_have_text(re.compile(r"^vos_agent_"))
    page.get_by_role("button", name="I have kept it").click()
    expect(page.locator("#agents")).to_contain_text("ledger-bot")


PAGES = (AGENT, "/freeze")


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_it(shared: Vienna, new_page: NewPage, browser: Browser, path: str) -> None:
    page = at(new_page(), shared, "dora", path)
    assert violations(browser, page) == []
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
