"""The console: strict pages, nothing of an agent's is markup, every call has its story."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from gate_end import Gate, gate
from people import People
from planes import Control, running, seeds

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


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


async def test_pages_load_nothing_from_elsewhere_and_run_no_script_of_theirs(control: Control) -> None:
    status, page, response = await control.ask("GET", "/console/")
    assert (status, b'<script type="module" src="/console/app.js"' in page) == (200, True)
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    tag = response.headers["ETag"]
    assert (await control.ask("GET", "/console/", headers={"If-None-Match": tag}))[0] == 304
    for name in ("app.js", "safe.js", "style.css", "icon.svg"):
        assert (await control.ask("GET", f"/console/{name}"))[0] == 200
    assert (await control.ask("GET", "/console/../config.py"))[0] == 404


async def held(bot: Gate, amount: int = 5000, order: str = "ORD-12345") -> Any:
    return await bot.consult("POST", REFUNDS, {"order": order, "amount": amount, "currency": "EUR"})


@pytest.mark.browser
@in_a_browser
async def test_what_an_agent_sends_is_text_and_what_cannot_be_seen_is_shown(
    control: Control, bot: Gate, browser: Browser
) -> None:
    subject = "<img src=x onerror=document.title='owned'>\u202etxt.exe"
    await bot.consult("POST", TICKETS, {"subject": subject, "body": "y" * 1000})
    carol = await at_desk(browser, control, "carol")
    await carol.page.click("#inbox .row")
    await expect(carol.page.locator("#sentence")).to_contain_text("<img src=x")
    await expect(carol.page.get_by_text("⟨U+202E⟩").first).to_be_visible()
    await expect(carol.page.locator("text=show all 1000 characters").first).to_be_visible()
    assert await carol.page.title() != "owned"
    assert await carol.page.locator("main img").count() == 0
    assert carol.complaints == []


@pytest.mark.browser
@in_a_browser
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
