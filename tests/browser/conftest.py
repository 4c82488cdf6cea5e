"""A real browser, from the system: Playwright drives whatever Chromium is installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser import chromium

SECONDS = 30
"""Until what a page is to do is done, on the slowest machine: a guard against waiting for ever, and no more."""
CSP = "Content Security Policy"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module (while it lives, no other event loop can run); as root without its sandbox."""
    if chromium.found() is None:
        pytest.fail(chromium.MISSING) if os.environ.get("CI") else pytest.skip(chromium.MISSING)
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        running = chromium.launch(playwright)
        yield running
        running.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Open a page as somebody of their own: no cookie is shared. Anything the page complains of fails the test."""
    contexts, complaints = [], []

    def open_one() -> Page:
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if CSP in said.text else None,
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
