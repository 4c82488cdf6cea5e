"""Traffic in a browser: calls as they come through the gate, found by one line, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.desk import at, follow, violations
from harness import laws
from harness.vienna import Vienna

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

API = "https://payments.example/v1"
NOWHERE = "https://unmapped.example/v2/things"
DRAWN_ANEW = """
() => new Promise((drawn) => {
  document.addEventListener("htmx:after:swap", () => drawn(), { once: true });
  document.body.dispatchEvent(new CustomEvent("vienna:shown"));
})
"""


def test_a_call_appears_by_itself_is_found_and_the_filter_is_kept(shared: Vienna, new_page: NewPage) -> None:
    shared.call("GET", f"{API}/orders/ORD-1")
    page = at(new_page(), shared, "dora", "/traffic")
    rows = page.locator("#calls tbody tr")
    first = rows.first.get_attribute("id")
    before = rows.count()
    page.keyboard.press("j")
    expect(page.locator(f"#{first} [data-row]")).to_be_focused()

    shared.call("GET", f"{API}/orders/ORD-2")
    pill = page.get_by_role("button", name="1 new call")
    expect(pill).to_be_visible()
    expect(rows).to_have_count(before)  # nothing moved
    expect(page.locator(f"#{first} [data-row]")).to_be_focused()
    page.keyboard.press("r")
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text("orders/ORD-2")

    bars = page.locator("#histogram .bars a")
    count = page.locator("#histogram .legend .allow")
    expect(count).to_contain_text(
        f"{len(shared.intents(q='verdict:allow'))} "
    )  # with the one that was just shown
    bars.last.hover()
    expect(page.locator("[data-readout]")).to_contain_text("let go")
    page.evaluate(DRAWN_ANEW)
    expect(page.locator("[data-readout]")).to_contain_text("let go")
    bars.last.click()
    page.wait_for_url("**/console/traffic?q=after*before*")
    expect(rows.first).to_contain_text("orders/ORD-2")
    expect(bars).not_to_have_count(0)

    page.keyboard.press("/")
    page.get_by_role("combobox", name="Filter").fill("")
    page.keyboard.type("path:/v1/orders/ORD-2 met")
    page.get_by_role("option", name="method:").click()
    page.keyboard.type("GET")
    follow(page.get_by_role("button", name="Find"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("orders/ORD-2")

    page.get_by_text("Keep this filter").click()
    page.get_by_label("Name").fill("The second order")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("link", name="The second order")).to_be_visible()
    page.goto(f"{shared.url}/console/traffic")
    follow(page.get_by_role("link", name="The second order"))
    expect(rows).to_have_count(1)
    page.get_by_text("Keep this filter").click()
    page.get_by_role("button", name="Remove The second order").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("link", name="The second order")).to_have_count(0)
    laws.check(shared)


def test_a_filter_that_does_not_read_says_where(shared: Vienna, new_page: NewPage) -> None:
    page = at(new_page(), shared, "dora", "/traffic")
    page.get_by_role("combobox", name="Filter").fill("agent:billing-bot tear:T2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").locator("mark")).to_have_text("tear:T2")
    expect(page.get_by_role("combobox", name="Filter")).to_be_focused()


def test_a_page_that_the_browser_kept_is_read_anew(shared: Vienna, new_page: NewPage) -> None:
    """Whoever goes back after somebody logged out sees the login, not what stood there."""
    page = at(new_page(), shared, "dora", "/traffic")
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.wait_for_url("**/console/login?*")


def test_from_a_call_that_nothing_reads_to_a_mapping(shared: Vienna, new_page: NewPage) -> None:
    answer = shared.call("POST", NOWHERE, json={"subject": '<img src=x onerror="document.title=1">'})
    assert answer.status_code == 403
    page = at(new_page(), shared, "dora", "/traffic")
    page.get_by_role("link", name="Unmapped", exact=True).click()
    page.wait_for_url("**/console/traffic?q=grade*")  # and for its scripts
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("unmapped.example/v2/things")
    intent = shared.intents(q="grade:unmapped")[0]["intent_id"]
    page.get_by_role("link", name="Replay against today’s policy").click()
    expect(page.locator("#replay")).to_contain_text("The same would be decided today")
    page.get_by_role("link", name="Map this").click()
    page.wait_for_url(f"**/console/mappings/new?from={intent}")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("main img").count() == 0


def test_it_is_fit_for_everybody(shared: Vienna, new_page: NewPage, browser: Browser) -> None:
    shared.call("GET", f"{API}/orders/ORD-1")
    page = at(new_page(), shared, "dora", "/traffic")
    assert violations(browser, page) == []
    page.get_by_role("button", name="Help").click()
    expect(page.get_by_role("dialog", name="What a filter can say")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{shared.url}/console/traffic/{shared.intents()[0]['intent_id']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(browser, page) == []
