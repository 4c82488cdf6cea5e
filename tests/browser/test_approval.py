"""Deciding on one request in a browser, with a real call through the real gate at the other end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.desk import astray_on_paper, at, follow, violations, with_passkey
from browser.naughty import chunks
from harness import laws
from harness.upstream import Upstream
from harness.vienna import Background, Vienna, in_background, until

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

ORDER = "https://payments.example/v1/orders/ORD-1"
REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
NUMBERS = iter(range(10_000, 99_999))


@contextmanager
def waiting(vienna: Vienna, url: str, body: dict[str, Any]) -> Iterator[tuple[str, Background]]:
    """A call that people are asked about, and the id of its approval."""
    before = {one["approval_id"] for one in vienna.get("/approvals", "alice", status="pending")["approvals"]}
    with in_background(lambda: vienna.call("POST", url, json=body, seconds=90)) as call:
        found = {one["approval_id"] for one in vienna.pending(len(before) + 1)} - before
        (one,) = found
        yield one, call


def refund(amount: str = "5000.00") -> dict[str, str]:
    """One of its own, so that no consent to another is taken for this."""
    return {"order": f"ORD-{next(NUMBERS)}", "amount": amount, "currency": "EUR"}


def by_code(page: Page, vienna: Vienna, who: str, last: str, *, code: str = "") -> None:
    instead = page.locator("details.with-code:not([open]) > summary")
    if instead.count():
        instead.click()
    page.get_by_label("Last 4 of the target").fill(last)
    page.get_by_label("Your code").fill(code or vienna.people[who].code())
    page.get_by_role("button", name="Approve", exact=True).click()


def top(place: Locator) -> float:
    """Pixels from the window's upper edge."""
    box = place.bounding_box()
    assert box
    return box["y"]


def sent(upstream: Upstream, order: str) -> list[Any]:
    """What of an order has reached the upstream."""
    bodies = [request.json for request in upstream.received if request.method == "POST"]
    return [body for body in bodies if body.get("order") == order]


def test_two_people_with_codes_and_a_wrong_code_counts_for_nothing(shared: Vienna, new_page: NewPage) -> None:
    body = refund()
    with waiting(shared, REFUNDS, body) as (approval, call):
        alice = at(new_page(), shared, "alice", f"/approvals/{approval}")
        bob = at(new_page(), shared, "bob", f"/approvals/{approval}")
        expect(alice.locator("h1")).to_contain_text("5,000.00 EUR")
        expect(alice.locator("#state")).to_contain_text("Waits on the line")
        expect(alice.locator("#head-request")).to_have_text("Exactly what will be sent")
        alice.get_by_role("link", name="Timeline").click()
        expect(alice.locator("#story li").last).to_contain_text("Waits on the line")
        alice.get_by_role("button", name="Say that you read it").click()
        expect(bob.locator("#state")).to_contain_text("alice@example.com reads this")
        said = alice.get_by_label("Comment", exact=True)
        said.fill("Do you kn")
        said.evaluate("field => field.scrollIntoView({block: 'center'})")
        before = top(said)
        bob.get_by_label("Comment", exact=True).fill("I know this customer")
        bob.get_by_role("button", name="Send").click()
        expect(alice.locator("#talk")).to_contain_text("I know this customer")
        expect(alice.locator("#story")).to_contain_text(re.compile(r"Said something\s+bob@example.com"))
        assert top(said) == pytest.approx(before, abs=1), "what others do moves nothing that is being written"
        alice.keyboard.type("ow them?")
        expect(said).to_have_value("Do you know them?")
        said.clear()
        by_code(alice, shared, "alice", "xxxx")  # not of this target
        by_code(alice, shared, "alice", body["order"][-4:], code="000000")
        expect(alice.locator("#approve [role=alert]")).to_contain_text("the code is wrong")
        expect(alice.locator("#state")).to_contain_text("0 of 2 agreed")
        by_code(alice, shared, "alice", body["order"][-4:])
        expect(alice.locator("#decide")).to_contain_text("You agreed")
        assert sent(shared.upstream, body["order"]) == []
        expect(bob.locator("#state")).to_contain_text("1 of 2 agreed")  # told by the server, nobody reloaded
        expect(bob.locator("#story")).to_contain_text(re.compile(r"Agreed\s+alice@example.com"))
        by_code(bob, shared, "bob", body["order"][-4:])
        assert call.result().is_success
        for page in (alice, bob):
            expect(page.locator("#decide")).to_contain_text("executed")
            expect(page.locator("#decide")).to_contain_text("match")
            expect(page.locator("#head-request")).to_have_text("Exactly what was sent")
        expect(alice.locator("#story")).to_contain_text("Execution finished")
        expect(alice.locator("#story")).not_to_contain_text("on the line")
    assert len(sent(shared.upstream, body["order"])) == 1


def test_two_people_with_passkeys_on_a_telephone(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, REFUNDS, refund()) as (approval, call):
        for who in ("alice", "bob"):
            page = new_page()
            page.set_viewport_size({"width": 360, "height": 780})
            with_passkey(page, shared, who, f"/approvals/{approval}")
            button = page.get_by_role("button", name="Approve with passkey")
            expect(button).to_be_in_viewport()
            expect(page.get_by_role("button", name="Deny", exact=True)).to_be_in_viewport()
            button.click()
            expect(page.locator("#decide")).to_contain_text("You agreed" if who == "alice" else "Approved")
        assert call.result().is_success
    factors = [vote["mfa"] for vote in shared.get(f"/approvals/{approval}", "eve")["votes"]]
    assert factors == ["passkey", "passkey"]


def test_the_agent_reads_the_denial_that_was_previewed(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, REFUNDS, refund()) as (approval, call):
        page = at(new_page(), shared, "bob", f"/approvals/{approval}")
        page.keyboard.press("d")
        reason = page.get_by_label("Reason, which the agent reads")
        expect(reason).to_be_focused()
        page.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        expect(page.locator("#state")).to_contain_text("0 of 2 agreed")  # not without a reason
        page.get_by_role("button", name="Ask your user first").click()
        reason.press_sequentially('; this is "another" customer')
        read = page.locator("#refusal blockquote")
        expect(read).to_contain_text("Ask your user first; this is 'another' customer")
        told = read.inner_text()
        page.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        answer = call.result()
        expect(page.locator("#decide")).to_contain_text("bob@example.com")
    assert answer.status_code == 403
    assert answer.json()["detail"] == told


def test_an_admin_denies_and_suspends_the_agent(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, TICKETS, {"subject": f"late parcel {next(NUMBERS)}"}) as (approval, call):
        page = at(new_page(), shared, "dora", f"/approvals/{approval}?do=deny")
        page.get_by_label("Reason, which the agent reads").fill("it repeats itself")
        page.get_by_label("and suspend billing-bot").check()
        page.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("billing-bot is suspended")
        assert call.result().status_code == 403
    assert shared.get("/fleet/billing-bot", "eve")["status"] == "suspended"
    shared.post("/fleet/billing-bot/resume", "dora", reason="over")
    until("the gate to have heard", lambda: shared.call("GET", ORDER).is_success)


def test_less_is_previewed_agreed_to_and_sent(shared: Vienna, new_page: NewPage) -> None:
    body = refund()
    with waiting(shared, REFUNDS, body) as (approval, call):
        alice = with_passkey(new_page(), shared, "alice", f"/approvals/{approval}")
        bob = at(new_page(), shared, "bob", f"/approvals/{approval}")
        alice.get_by_text("Approve less").click()
        amount = alice.locator("#less-form input")
        amount.fill("9000")
        expect(alice.locator("#less-preview .problem")).not_to_be_empty()
        amount.fill("3000")
        expect(alice.locator("#less-preview")).to_contain_text("3,000.00 EUR")
        alice.get_by_role("button", name="Approve this instead").click()
        expect(alice.locator("#state")).to_contain_text("1 of 2 agreed")

        # What bob opened is not what is asked any more: there is nothing to consent to on his page.
        expect(bob.locator("#changed")).to_be_visible()
        assert bob.locator("#approve").count() == 0
        follow(bob.get_by_role("link", name="Look again"))
        expect(bob.locator("h1")).to_contain_text("3,000.00 EUR")
        by_code(bob, shared, "bob", body["order"][-4:])
        answer = call.result()
    assert answer.status_code == 200
    assert answer.headers["vienna-narrowed"] == "amount 5000→3000"
    assert [float(one["amount"]) for one in sent(shared.upstream, body["order"])] == [3000.0]


def test_what_is_previewed_of_the_next_ones_is_asked_of_others(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, REFUNDS, refund("1500.00")) as (approval, call):
        page = with_passkey(new_page(), shared, "alice", f"/approvals/{approval}")
        page.get_by_text("And the next ones like it").click()
        page.get_by_label("How many more").fill("3")
        page.get_by_label("amount, at most", exact=True).fill("1500")
        expect(page.locator("#standing-preview")).to_contain_text("3 times")
        page.get_by_role("button", name="Approve, and ask others for these").click()
        expect(page.locator("#state")).to_contain_text("1 of 2 agreed")
        shared.deny(approval, "bob", "over")
        assert call.result().status_code == 403
    (asked,) = [one for one in shared.get("/standing", "eve")["standing"] if one["status"] == "pending"]
    assert (asked["count"], asked["limits"]["amount"]) == (3, {"max": "1500"})
    shared.deny(asked["approval_id"], "bob", "over")


def test_it_is_sent_once_and_what_is_lost_or_was_decided_elsewhere_is_said(
    shared: Vienna, new_page: NewPage
) -> None:
    with waiting(shared, REFUNDS, refund()) as (approval, call):
        alice = new_page()
        alice.route("**/api/v1/events*", lambda route: route.abort())  # nothing is heard of what others do
        with_passkey(alice, shared, "alice", f"/approvals/{approval}")
        alice.route("**/approve", lambda route: route.abort())
        alice.get_by_role("button", name="Approve with passkey").click()
        expect(alice.locator("#approve [role=alert]")).to_contain_text("Nothing is known to have happened")
        alice.unroute("**/approve")
        asked: list[str] = []
        alice.on("request", lambda request: asked.append(request.url) if "/approve" in request.url else None)
        alice.get_by_role("button", name="Approve with passkey").dblclick()
        expect(alice.locator("#decide")).to_contain_text("You agreed")
        assert len(asked) == 1

        bob = new_page()
        bob.route("**/api/v1/events*", lambda route: route.abort())
        at(bob, shared, "bob", f"/approvals/{approval}?do=deny")
        shared.deny(
            approval,
            "dora" if shared.get(f"/approvals/{approval}", "dora")["you_may_decide"] else "bob",
            "no",
        )
        bob.get_by_label("Reason, which the agent reads").fill("wrong customer")
        bob.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        expect(bob.locator("#toasts")).to_contain_text("already denied")
        expect(bob.locator("#decide")).to_contain_text("Denied")
        assert call.result().status_code == 403


def test_a_session_that_has_ended_costs_no_words(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, TICKETS, {"subject": f"late parcel {next(NUMBERS)}"}) as (approval, call):
        page = at(new_page(), shared, "carol", f"/approvals/{approval}?do=deny")
        page.get_by_label("Reason, which the agent reads").fill("not ours, ask Ann")
        page.context.clear_cookies()
        page.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        expect(page.get_by_role("link", name="Log in again")).to_be_visible()
        at(page, shared, "bob", f"/approvals/{approval}?do=deny")
        expect(page.get_by_label("Reason, which the agent reads")).to_have_value("")
        at(page, shared, "carol", f"/approvals/{approval}")
        expect(page.get_by_label("Reason, which the agent reads")).to_have_value("not ours, ask Ann")
        page.locator("#deny-form").get_by_role("button", name="Deny", exact=True).click()
        assert "not ours, ask Ann" in call.result().json()["detail"]


def test_whoever_logs_out_leaves_no_words_behind(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, TICKETS, {"subject": f"late parcel {next(NUMBERS)}"}) as (approval, call):
        page = at(new_page(), shared, "carol", f"/approvals/{approval}?do=deny")
        page.get_by_label("Reason, which the agent reads").fill("not ours, ask Ann")
        page.locator(".me summary").click()
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(re.compile("/console/login$"))
        assert page.evaluate("sessionStorage.length") == 0
        shared.post(f"/approvals/{approval}/deny", "carol", reason="not ours")
        assert call.result().status_code == 403


def test_what_others_wrote_is_text_wherever_it_stands(
    shared: Vienna, browser: Browser, new_page: NewPage
) -> None:
    texts = chunks(1800)
    subject, rest = texts[0], texts[1]
    with waiting(shared, TICKETS, {"subject": subject, "body": rest}) as (approval, call):
        for text in texts:
            shared.post(f"/approvals/{approval}/comments", "bob", text=text)
        page = at(new_page(), shared, "carol", f"/approvals/{approval}")
        expect(page.locator("h1")).to_contain_text("<img src=x onerror=")
        expect(page.locator(".talk .comment")).to_have_count(len(texts))
        for name in ("Meaning", "Warrant", "Diff", "Request"):
            page.get_by_role("navigation", name="What stands behind it").get_by_role(
                "link", name=name
            ).click()
        page.keyboard.press("d")
        page.get_by_label("Reason, which the agent reads").fill(subject[:200])
        expect(page.locator("#refusal blockquote")).not_to_be_empty()
        assert page.evaluate("window.pwned") is None
        assert page.locator("main :is(img, script, iframe, object, embed, [onerror], [onload])").count() == 0
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", page.locator("main").inner_text())
        at(page, shared, "carol")
        expect(page.locator(".ask .sentence").first).to_contain_text("<img src=x onerror=")
        assert page.evaluate("window.pwned") is None
        shared.deny(approval, "carol", "no")
        call.result()


def test_a_form_of_another_site_decides_nothing(shared: Vienna, new_page: NewPage) -> None:
    with waiting(shared, TICKETS, {"subject": f"late parcel {next(NUMBERS)}"}) as (approval, call):
        page = at(new_page(), shared, "carol")
        elsewhere = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        for path in (f"/api/v1/approvals/{approval}/approve", f"/console/approvals/{approval}/refusal"):
            for headers in (elsewhere, {**elsewhere, "Content-Type": "application/json"}):
                answer = page.request.post(f"{shared.url}{path}", headers=headers, data='{"reason": "x"}')
                assert answer.status == 403, (path, answer.status, answer.text())
        other = page.context.new_page()
        other.route("http://evil.example/", lambda route: route.fulfill(body="<p>Win a parcel</p>"))
        other.goto("http://evil.example/")
        with other.expect_navigation() as answered:
            other.evaluate(
                """([url]) => {
                  const form = document.createElement("form");
                  Object.assign(form, { method: "post", action: url, enctype: "text/plain" });
                  form.append(Object.assign(document.createElement("input"), { name: '{"a":"', value: '"}' }));
                  document.body.append(form);
                  HTMLFormElement.prototype.submit.call(form);
                }""",
                [f"{shared.url}/api/v1/approvals/{approval}/approve"],
            )
        assert answered.value.status in (401, 403), answered.value.text()
        assert shared.get(f"/approvals/{approval}", "carol")["status"] == "pending"
        shared.deny(approval, "carol", "no")
        call.result()


def test_everybody_can_use_it(shared: Vienna, browser: Browser, new_page: NewPage) -> None:
    with waiting(shared, REFUNDS, refund()) as (approval, call):
        page = at(new_page(), shared, "alice", f"/approvals/{approval}?do=deny&tab=why")
        assert violations(browser, page) == []
        assert astray_on_paper(page) == []
        shared.deny(approval, "alice", "no")
        call.result()
    laws.check(shared)
