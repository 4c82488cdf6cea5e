"""The queue in a browser: what waits, as it comes and goes, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.desk import at, follow, violations
from harness import laws
from harness.vienna import Vienna, in_background

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

TICKETS = "https://payments.example/v1/tickets"
LATER = {"Prefer": "respond-async"}
NUMBERS = iter(range(1000, 9999))


@pytest.fixture
def queue(shared: Vienna) -> Iterator[Vienna]:
    """A queue that is empty before, and after."""
    yield shared
    for one in shared.get("/approvals", "alice", status="pending", limit=500)["approvals"]:
        shared.deny(one, "carol", "over")


def asks(vienna: Vienna, subject: str) -> str:
    """An agent asks and does not wait; id of the approval."""
    body = {"subject": f"{subject}, {next(NUMBERS)}"}  # what was denied once is denied again without asking
    answer = vienna.call("POST", TICKETS, json=body, headers=LATER)
    found = vienna.get("/approvals", "alice", status="pending", limit=500)["approvals"]
    return next(
        str(one["approval_id"]) for one in found if one["intent_id"] == answer.headers["vienna-intent"]
    )


def test_the_smallest_tier_is_decided_by_keyboard_alone(queue: Vienna, new_page: NewPage) -> None:
    page = at(new_page(), queue, "carol")
    expect(page.locator("#nothing")).to_contain_text("Nothing waits")
    late = {"subject": "late parcel"}
    with in_background(lambda: queue.call("POST", TICKETS, json=late, seconds=90)) as call:
        expect(page.locator("#news")).to_have_text("1 new")
        page.keyboard.press("r")
        expect(page.locator("[data-row]")).to_be_focused()
        page.keyboard.press("a")
        expect(page.locator("#approve button[data-key=a]")).to_be_focused()
        expect(page.locator("#state")).to_contain_text("Waits on the line")
        page.keyboard.press("a")  # at once: somebody waits for it
        assert call.result().is_success
        expect(page.locator("#decide")).to_contain_text("executed")
        page.keyboard.press("u")
        expect(page.locator("h1")).to_have_text("Waiting for people")
    laws.check(queue)


def test_a_consent_that_nobody_waits_for_can_be_taken_back(queue: Vienna, new_page: NewPage) -> None:
    approval = asks(queue, "taken back")
    page = new_page()
    page.clock.install()
    at(page, queue, "carol", f"/approvals/{approval}")
    # The seconds to take it back last as long as this takes.
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    page.keyboard.press("a")
    page.keyboard.press("a")  # no second one
    expect(page.locator("#toasts")).to_contain_text("Approves in 3 s")
    page.keyboard.press("Escape")
    expect(page.locator("#toasts")).to_contain_text("Nothing was sent")
    assert queue.get(f"/approvals/{approval}", "carol")["status"] == "pending"
    page.keyboard.press("a")
    page.clock.run_for("00:03")
    page.clock.resume()
    expect(page.locator("#decide")).to_contain_text("not sent yet: let through when the agent asks again")
    assert [vote["operator"] for vote in queue.get(f"/approvals/{approval}", "carol")["votes"]] == [
        "carol@example.com"
    ]


def test_nothing_moves_under_the_cursor(queue: Vienna, new_page: NewPage) -> None:
    first, second = asks(queue, "first"), asks(queue, "second")
    page = at(new_page(), queue, "carol")
    rows = page.locator("#rows > li")
    expect(rows).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.locator(f"#{first} [data-row]")
    expect(focused).to_be_focused()
    top = focused.bounding_box()
    third = asks(queue, "third")
    expect(page.locator("#news")).to_have_text("1 new")
    queue.deny(second, "carol", "wrong room")
    expect(page.locator(f"#{second}")).to_contain_text("wrong room")
    expect(focused).to_be_focused()
    assert page.evaluate("[...document.querySelectorAll('#rows > li')].map((row) => row.id)") == [
        second,
        first,
    ]
    after = focused.bounding_box()
    assert top
    assert after
    assert top["y"] <= after["y"] <= top["y"] + 60, "only the button above it has taken its place"
    page.locator("#news").click()
    expect(rows).to_have_count(3)
    expect(page.locator(f"#{third} [data-row]")).to_be_focused()


def test_many_alike_are_decided_together_each_by_itself(queue: Vienna, new_page: NewPage) -> None:
    ids = [asks(queue, f"parcel {number}") for number in range(3)]
    page = new_page()
    page.route("**/api/v1/events*", lambda route: route.abort())  # nothing is heard of what others do
    at(page, queue, "carol", "/?view=alike")
    follow(page.get_by_role("link", name="3 × create_ticket"))
    expect(page.locator("[data-each]")).to_have_count(3)
    expect(page.get_by_role("button", name="Approve 0")).to_be_disabled()
    page.get_by_label("All that are shown").check()
    queue.deny(ids[0], "bob", "not this one")
    page.get_by_role("button", name="Approve 3").click()
    expect(page.locator("#toasts")).to_contain_text("2 decided, 1 refused")
    expect(page.locator(f"#{ids[0]}")).to_contain_text("already denied")
    expect(page.locator(f"#{ids[1]}")).to_contain_text("approved")
    told = [queue.get(f"/approvals/{one}", "eve")["status"] for one in ids]
    assert told == ["denied", "approved", "approved"]


def test_what_somebody_else_decided_is_chosen_no_more(queue: Vienna, new_page: NewPage) -> None:
    ids = [asks(queue, f"parcel {number}") for number in range(2)]
    page = at(new_page(), queue, "carol", "/?view=alike")
    follow(page.get_by_role("link", name="2 × create_ticket"))
    page.get_by_label("All that are shown").check()
    expect(page.get_by_role("button", name="Approve 2")).to_be_enabled()
    queue.deny(ids[0], "bob", "not this one")
    expect(page.locator(f"#{ids[0]}")).to_contain_text("not this one")
    page.get_by_role("button", name="Approve 1").click()
    expect(page.locator(f"#{ids[1]}")).to_contain_text("approved")


def test_a_filter_is_in_the_address_and_older_ones_come_beneath(queue: Vienna, new_page: NewPage) -> None:
    for number in range(52):
        asks(queue, f"parcel {number}")
    page = at(new_page(), queue, "carol")
    expect(page.locator("#rows > li")).to_have_count(50)
    page.get_by_role("link", name="Load older ones").click()
    expect(page.locator("#rows > li")).to_have_count(52)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("agent:billing-bot tier:T3")
    page.keyboard.press("Enter")
    expect(page.locator("#nothing")).to_contain_text("Nothing fits this filter")
    assert "q=agent" in page.url
    page.goto(f"{queue.url}/console/?q=tear:T3")
    expect(page.locator("#q-problem")).to_contain_text("unknown key 'tear'")


def test_it_is_strict_loads_nothing_from_elsewhere_and_everybody_can_use_it(
    queue: Vienna, browser: Browser, new_page: NewPage
) -> None:
    asks(queue, "late parcel")
    page = new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    at(page, queue, "alice")
    expect(page.locator("[data-live]")).to_have_text("live")
    answer = page.goto(page.url)
    assert answer
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert [url for url in loaded if not url.startswith(queue.url)] == []
    for path in (
        "/",
        "/?view=alike",
        f"/?view=alike&open={queue.pending()[0]['approval_id']}",
        "/?view=denied",
    ):
        page.goto(f"{queue.url}/console{path}")
        assert violations(browser, page) == [], path
