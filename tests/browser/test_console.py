"""The console in a real browser: in by a one-time link, a request appears by itself, two people decide."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from gate_end import Gate, gate
from people import CODE, People, seeds
from planes import Control, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with running(tmp_path / "data", bootstrap=seeds()) as started:
        yield started


@pytest.fixture
async def bot(control: Control) -> AsyncIterator[Gate]:
    async with gate(control) as connected:
        yield connected


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        await started.close()


class Desk:
    """One operator's browser window, and everything it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "401" not in text:
            self.complaints.append(text)


async def at_desk(browser: Browser, control: Control, who: str, *, dark: bool = False) -> Desk:
    """Logged in by a one-time link."""
    _, answer = await People(control).ask(who, "POST", "/auth/links")
    context = await browser.new_context(color_scheme="dark" if dark else "light")
    desk = Desk(await context.new_page())
    await desk.page.goto(answer["data"]["url"])
    await expect(desk.page.locator("#who")).to_contain_text(f"{who}@example.com")
    assert "token" not in desk.page.url
    return desk


async def held(bot: Gate, amount: int = 5000, order: str = "ORD-12345") -> Any:
    return await bot.consult("POST", REFUNDS, {"order": order, "amount": amount, "currency": "EUR"})


async def test_two_people_approve_a_refund_that_appears_by_itself(
    control: Control, bot: Gate, browser: Browser
) -> None:
    alice = await at_desk(browser, control, "alice")
    bob = await at_desk(browser, control, "bob", dark=True)
    await expect(alice.page.locator("#empty")).to_be_visible()
    decision = await held(bot)
    for desk in (alice, bob):
        row = desk.page.locator("#inbox .row")
        await expect(row).to_contain_text("billing-bot wants to refund 5,000.00 EUR of order ORD-12345")
        await row.click()
        await expect(desk.page.locator("#request")).to_have_text(f"POST {REFUNDS}")
        await expect(desk.page.locator("#agent-line")).to_have_text("is waiting on the line")
        await desk.page.fill("#field-typed", "2345")
        await desk.page.fill("#field-otp", People(control).code())
        await desk.page.click("#approve")
        await expect(desk.page.locator("text=approved with totp").first).to_be_visible()
    for desk in (alice, bob):
        await expect(desk.page.locator("#status")).to_have_text("approved")
        assert desk.complaints == []
    granted = await held(bot)
    assert (granted.verdict, granted.intent_id) == ("granted", decision.intent_id)


async def test_a_denial_needs_a_reason_and_shows_what_the_agent_will_read(
    control: Control, bot: Gate, browser: Browser
) -> None:
    await held(bot)
    alice = await at_desk(browser, control, "alice")
    await alice.page.click("#inbox .row")
    await alice.page.fill("#field-reason", "wrong customer")
    await expect(alice.page.locator("#preview")).to_contain_text('Denied by a person: "wrong customer".')
    await alice.page.click("#deny")
    await expect(alice.page.locator("#status")).to_have_text("denied")
    refused = await held(bot)
    assert "wrong customer" in refused.hint
    assert alice.complaints == []


async def test_what_an_agent_sends_is_text_and_what_cannot_be_seen_is_shown(
    control: Control, bot: Gate, browser: Browser
) -> None:
    subject = "<img src=x onerror=document.title='owned'>\u202etxt.exe"
    await bot.consult("POST", TICKETS, {"subject": subject, "body": "y" * 1000})
    carol = await at_desk(browser, control, "carol")
    await carol.page.click("#inbox .row")
    await expect(carol.page.locator("#sentence")).to_contain_text("<img src=x")
    await expect(carol.page.locator(".esc").first).to_have_text("\\u{202e}")
    await expect(carol.page.locator("text=show all 1000 characters").first).to_be_visible()
    assert await carol.page.title() != "owned"
    assert await carol.page.locator("main img").count() == 0
    assert carol.complaints == []


async def test_traffic_lists_every_call_and_one_leads_to_its_story(
    control: Control, bot: Gate, browser: Browser
) -> None:
    await bot.consult("GET", "https://payments.example/v1/orders/ORD-1")
    await held(bot, amount=50000)
    desk = await at_desk(browser, control, "audrey")
    await desk.page.click("nav a[data-page=traffic]")
    await expect(desk.page.locator("#traffic .row")).to_have_count(2)
    await desk.page.locator("#traffic .row", has_text="denied").click()
    await expect(desk.page.locator("main")).to_contain_text("policy_evaluated")
    assert desk.complaints == []


async def test_who_logs_in_with_a_wrong_password_is_told_and_stays_out(
    control: Control, browser: Browser
) -> None:
    page = await browser.new_page()
    await page.goto(f"{control.url}/console/")
    await page.fill("#username", "alice@example.com")
    await page.fill("#password", "not this one")
    await page.click("button[type=submit]")
    await expect(page.locator(".problem")).to_have_text("the username or the password is wrong")
    assert CODE not in await page.content()
