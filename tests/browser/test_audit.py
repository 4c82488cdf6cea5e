"""The trail in a browser: an entry as it comes, its proof recomputed, and what is seen when somebody edits a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.desk import at, violations
from harness import laws
from harness.vienna import Vienna

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

ORDERS = "https://payments.example/v1/orders"


def test_the_trail_is_read_proved_and_a_changed_byte_is_named(
    vienna: Vienna, new_page: NewPage, browser: Browser
) -> None:
    vienna.call("GET", f"{ORDERS}/ORD-1")
    laws.check(vienna)
    page = at(new_page(), vienna, "dora", "/audit")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#verdict")).to_contain_text("The trail holds")

    vienna.call("GET", f"{ORDERS}/ORD-2")
    expect(page.locator("[data-fresh-pill]")).to_be_visible()  # it came by itself
    page.keyboard.press("r")
    page.goto(f"{vienna.url}/console/audit?q=type:intent_submitted")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Call came in")
    expect(page.locator("#recomputed")).to_contain_text("leads to the signed root")
    assert violations(browser, page) == []
    entry = page.url.rpartition("/")[2]

    with closing(sqlite3.connect(vienna.database, isolation_level=None)) as behind_its_back:
        behind_its_back.execute(
            "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'GET', 'PUT') AS BLOB) WHERE id = ?",
            [entry],
        )
    page.reload()
    expect(page.locator("#recomputed")).to_contain_text("The entry was changed")
    page.goto(f"{vienna.url}/console/audit")
    page.keyboard.press("v")
    expect(page.locator("#verdict")).to_contain_text("The trail is broken at entry")
    expect(page.locator("#verdict a")).to_have_attribute("href", f"/console/audit/{entry}")
    assert violations(browser, page) == []
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
