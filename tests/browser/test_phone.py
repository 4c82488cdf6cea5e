"""On a telephone at three in the morning: it rings, tells nothing, and two taps later the vote is cast."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from browser import desk
from browser.phone import NOTIFY, Phone, PushService
from harness import laws
from harness.upstream import Upstream
from harness.vienna import Vienna

pytestmark = [pytest.mark.browser, pytest.mark.journey]

REFRESH = """
async () => {
  const base = document.querySelector("script[type=module]").src.replace("app.js", "");
  await (await import(base + "form.js")).refresh();
}
"""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService().running() as service:
        yield service


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, service: PushService) -> Iterator[Vienna]:
    """One installation for the module, which may tell the push service."""
    folder = tmp_path_factory.mktemp("house")
    with Upstream(folder) as upstream, Vienna(folder, upstream, control=NOTIFY) as running:
        yield running
        laws.check(running)


@pytest.fixture(scope="module")
def hers(browser: Browser, house: Vienna, service: PushService) -> Iterator[Phone]:
    """Alice's telephone. What its pages complain of fails the module."""
    made = Phone(browser, house, service, "alice")
    yield made
    made.context.close()
    assert made.complaints == []


@pytest.fixture
def phone(hers: Phone) -> Phone:
    """The same, ringing, and she is logged in."""
    hers.ready()
    return hers


def test_two_taps_from_the_lock_screen_to_a_vote_that_nobody_can_forge(phone: Phone, house: Vienna) -> None:
    phone.page.get_by_role("button", name="Ring me").tap()
    shown = phone.rung()
    assert (shown.title, shown.body) == ("Vienna: a practice approval waits (T2)", "")
    assert shown.url == f"/console/approvals/{shown.tag}"
    asked = house.get(f"/approvals/{shown.tag}", "alice")
    told = " ".join([shown.title, shown.body]).lower()
    assert not any(word in told for word in (asked["agent"].lower(), asked["action"].lower(), "alice"))
    phone.press()
    phone.tap(phone.page.get_by_role("button", name="Approve with passkey"))
    expect(phone.page.locator("#state")).to_contain_text("by passkey")
    assert house.get(f"/approvals/{shown.tag}", "alice")["status"] == "approved"
    assert phone.taps == 2


def test_a_session_that_has_ended_costs_no_tap_where_there_is_a_passkey(phone: Phone, house: Vienna) -> None:
    phone.page.get_by_role("button", name="Ring me").tap()
    shown = phone.rung()
    phone.context.clear_cookies()
    phone.press()
    phone.page.wait_for_url(f"**/console/approvals/{shown.tag}")
    phone.tap(phone.page.get_by_role("button", name="Approve with passkey"))
    expect(phone.page.locator("#state")).to_contain_text("by passkey")
    assert phone.taps == 2


def test_whatever_comes_only_a_title_is_shown_and_only_the_console_is_opened(phone: Phone) -> None:
    for sent, title in (
        ({"title": "A call", "body": "of 5,000 EUR", "url": "https://evil.example/console/"}, "A call"),
        ({"title": "Another", "url": "/api/v1/auth/logout"}, "Another"),
        ({"title": {"no": "text"}, "approval_id": 1}, "Vienna: something waits for you"),
        ("no JSON", "Vienna: something waits for you"),
    ):
        shown = phone.told(sent)
        assert (shown.title, shown.body, shown.url) == (title, "", "/console/")


def test_it_can_be_put_on_the_home_screen(phone: Phone) -> None:
    told = phone.page.context.new_cdp_session(phone.page).send("Page.getInstallabilityErrors")
    wrong = {one["errorId"] for one in told["installabilityErrors"]}
    assert wrong <= {"in-incognito"}  # as every context of a test is


def test_out_of_reach_it_says_so_and_keeps_nothing(phone: Phone) -> None:
    phone.context.set_offline(True)
    phone.page.goto(f"{phone.url}/console/")
    expect(phone.page.get_by_role("heading")).to_have_text("The console cannot be reached")
    phone.context.set_offline(False)
    phone.page.get_by_role("link", name="Try again").tap()
    phone.page.wait_for_load_state()
    expect(phone.page.locator("main.page")).to_be_visible()
    kept = phone.page.evaluate(
        "async () => (await (await caches.open('vienna')).keys()).map((one) => new URL(one.url).pathname)"
    )
    assert kept == ["/console/this-device"]


def test_another_address_of_it_rings_for_whom_the_first_one_did(phone: Phone, house: Vienna) -> None:
    def rung(who: str) -> list[str]:
        return [one["subscription_id"] for one in house.get("/push/subscriptions", who)["subscriptions"]]

    before = rung("alice")
    assert phone.renewed() == []
    after = rung("alice")
    assert (len(after), after == before) == (1, False)
    desk.at(phone.page, house, "bob", url=phone.url)
    assert phone.renewed() == ["Vienna: this device does not ring any more"]
    assert (rung("alice"), rung("bob")) == (after, [])
    phone.context.clear_cookies()


def test_whoever_logs_out_is_rung_there_no_more(phone: Phone, house: Vienna) -> None:
    assert len(house.get("/push/subscriptions", "alice")["subscriptions"]) == 1
    phone.page.locator(".me summary").tap()
    phone.page.get_by_role("button", name="Log out").tap()
    expect(phone.page).to_have_url(re.compile("/console/login$"))
    assert house.get("/push/subscriptions", "alice")["subscriptions"] == []


def test_when_it_rings_is_each_ones_own(phone: Phone, house: Vienna) -> None:
    phone.page.locator("#subscribe summary").tap()
    phone.page.get_by_label("T2", exact=True).check()
    phone.page.get_by_label("Only at these hours").check()
    phone.page.get_by_label("sun", exact=True).uncheck()
    phone.page.get_by_role("button", name="Save").tap()
    expect(phone.page.locator("td", has_text="T2, 07:00–22:00")).to_be_visible()
    (kept,) = house.get("/push/subscriptions", "alice")["subscriptions"]
    assert kept["routing"]["tiers"] == ["T2"]
    assert kept["routing"]["hours"]["days"] == ["mon", "tue", "wed", "thu", "fri", "sat"]
    phone.page.reload()
    phone.page.locator("#subscribe summary").tap()
    expect(phone.page.get_by_label("sun", exact=True)).not_to_be_checked()


def test_what_somebody_chooses_stays_when_the_page_is_read_anew(phone: Phone) -> None:
    phone.page.locator("#subscribe summary").tap()
    phone.page.get_by_label("T3", exact=True).check()
    phone.page.evaluate(REFRESH)
    phone.page.locator("[data-device][data-rings=yes]").wait_for()
    expect(phone.page.get_by_label("T3", exact=True)).to_be_checked()


def test_a_passkey_is_renamed_removed_and_made_anew(phone: Phone, house: Vienna) -> None:
    def names() -> list[str]:
        return [one["name"] for one in house.get("/mfa/passkeys", "alice")["passkeys"]]

    page = phone.page
    page.goto(f"{phone.url}/console/settings")
    page.get_by_text("Change", exact=True).tap()
    page.get_by_label("Name", exact=True).fill("her phone")
    page.get_by_role("button", name="Rename").tap()
    named = page.locator("#passkeys ~ ul strong")
    expect(named).to_have_text("her phone")
    assert names() == ["her phone"]
    if not page.get_by_role("button", name="Remove her phone").is_visible():
        page.get_by_text("Change", exact=True).tap()
    page.get_by_role("button", name="Remove her phone").tap()
    page.get_by_role("dialog").get_by_role("button", name="Remove it").tap()
    expect(named).to_have_count(0)
    assert names() == []
    if not page.get_by_label("What you call it").is_visible():
        page.get_by_text("Add a passkey").tap()
    page.get_by_label("What you call it").fill("new phone")
    page.get_by_role("button", name="Make a passkey").tap()
    expect(named).to_have_text("new phone")
    assert names() == ["new phone"]


def test_the_page_of_devices_can_be_read_by_everybody(browser: Browser, phone: Phone) -> None:
    assert desk.violations(browser, phone.page) == []
