"""What leaves the house, in a browser: events by webhook, alerts that people see to, reports that are taken away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Locator, Page, expect

from browser.desk import astray_on_paper, at, follow, violations
from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background
from receivers import Receiver, Request, receiver, verified

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

API = "https://payments.example/v1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vienna]:
    """One that may send to this machine."""
    folder = tmp_path_factory.mktemp("shared")
    control = {"notify": {"private_networks": ["127.0.0.0/8"]}}
    with Upstream(folder) as server, Vienna(folder, server, control=control) as running:
        yield running


class Service:
    """A receiver that runs beside the test, whose own loop is the browser's."""

    def __init__(self, found: Receiver, loop: asyncio.AbstractEventLoop) -> None:
        self._found, self._loop = found, loop
        self.url = f"{found.url}/hook"

    def answers(self, status: int) -> None:
        self._found.answer = lambda _: web.Response(status=status)

    def next(self) -> Request:
        """What came, signed or not. Errors: ``TimeoutError``."""
        return asyncio.run_coroutine_threadsafe(self._found.next(), self._loop).result()


@pytest.fixture
def service() -> Iterator[Service]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    around = receiver()
    found = asyncio.run_coroutine_threadsafe(around.__aenter__(), loop).result()
    try:
        yield Service(found, loop)
    finally:
        asyncio.run_coroutine_threadsafe(around.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def asked(vienna: Vienna, subject: str) -> Iterator[tuple[str, Any]]:
    """A call that waits on the line, and its approval."""
    ticket = {"subject": subject}
    with in_background(lambda: vienna.call("POST", f"{API}/tickets", json=ticket, seconds=90)) as call:
        (found,) = vienna.pending()
        yield found["approval_id"], call


def rows(page: Page) -> Locator:
    """Deliveries."""
    return page.locator("#delivered tbody tr")


def test_a_channel_is_added_tried_fails_and_is_sent_again(
    shared: Vienna, service: Service, new_page: NewPage, browser: Browser
) -> None:
    page = at(new_page(), shared, "dora", "/integrations")
    follow(page.get_by_role("link", name="Add webhook"))
    page.get_by_label("Name").fill("Ticket system")
    page.get_by_label("URL").fill(service.url)
    page.get_by_role("button", name="Make a secret, and show it this once").click()
    secret = page.get_by_role("dialog").locator("[data-secret]").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    for other in ("approval resolved", "alert"):
        page.get_by_label(other, exact=True).uncheck()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/console/integrations/intg-*")
    expect(page.locator("#state")).to_have_text("on")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".answer")).to_contain_text("It was taken with 200")
    verified(service.next(), secret, time.time())

    service.answers(410)
    with asked(shared, "late parcel") as (approval, call):
        expect(rows(page)).to_contain_text("given up")  # nobody reloaded
        expect(rows(page)).to_contain_text("it answered 410")
        expect(page.locator("#state")).to_contain_text("fails since")
        assert violations(browser, page) == []
        failed = service.next()
        service.answers(204)
        follow(page.get_by_role("link", name="Given up"))
        rows(page).get_by_role("button", name="Send again").click()
        expect(page.locator("#delivered")).to_contain_text("No delivery is like this")
        expect(page.locator("#state")).to_have_text("on")
        shared.deny(approval, "carol", "no")
        assert call.result().status_code == 403
    again = service.next()
    verified(again, secret, time.time())
    assert again.headers["webhook-id"] == failed.headers["webhook-id"]
    assert again.json["data"]["approval_id"] == approval

    follow(page.get_by_role("link", name="Sent", exact=True))
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Name").fill("Tickets")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("h1")).to_have_text("Tickets")
    assert secret not in page.content()
    assert service.url not in page.content()
    assert page.get_by_label("Secret").input_value() == ""


def badge(page: Page) -> Locator:
    return page.locator(".rail [data-count=alerts]")


def test_an_alert_comes_by_itself_and_others_see_who_saw_to_it(
    shared: Vienna, new_page: NewPage, browser: Browser
) -> None:
    before = shared.get("/counts")["alerts"]
    dora, carol = (at(new_page(), shared, who, "/alerts") for who in ("dora", "carol"))
    expect(dora.locator("[data-live]")).to_have_text("live")
    shared.upstream.answer("POST", "/v1/tickets", Answer.json({"id": "T-1", "subject": "other"}), times=1)
    with asked(shared, "an answer that is another") as (approval, call):
        assert shared.vote(approval, "carol", otp=None).is_success
        assert call.result().headers["vienna-reason"] == "response_drift"
    text = "answer to create_ticket does not match what was approved"
    for page in (dora, carol):
        expect(page.locator(".alerts li").first).to_contain_text(text)  # nobody reloaded
        expect(badge(page)).to_have_text(str(before + 1))
    assert violations(browser, dora) == []

    one = dora.locator(".alerts li").first
    one.get_by_text("Acknowledge", exact=True).first.click()
    one.get_by_label("What was found, or done").fill("the payment service had")
    drawn = dora.locator(".alerts li").count()
    shared.post("/freeze", host="elsewhere.example", level="freeze", reason="meanwhile")  # an alert as well
    expect(dora.locator(".alerts li")).to_have_count(drawn + 1)
    expect(badge(dora)).to_have_text(str(before + 2))
    dora.keyboard.type(" a bad day")  # what comes in touches nothing that is being written
    one = dora.locator(".alerts li", has_text=text)
    one.get_by_role("button", name="Acknowledge").click()
    expect(one).to_have_count(0)
    for page in (dora, carol):
        expect(badge(page)).to_have_text(str(before + 1))
    expect(carol.locator(".alerts li", has_text=text)).to_have_count(0)
    carol.get_by_role("link", name="Acknowledged").click()
    seen = carol.locator(".alerts li", has_text=text)
    expect(seen).to_contain_text("dora@example.com acknowledged it")
    expect(seen).to_contain_text("the payment service had a bad day")
    seen.get_by_role("link", name=text).click()
    expect(carol.locator("h1")).to_contain_text("an answer that is another")


def test_a_report_says_what_went_through_the_gate_and_is_taken_away(
    shared: Vienna, new_page: NewPage, browser: Browser
) -> None:
    for number in range(3):
        assert shared.call("GET", f"{API}/orders/ORD-{number}").is_success
    too_much = {"order": "ORD-1", "amount": "50000.00", "currency": "EUR"}
    assert shared.call("POST", f"{API}/refunds", json=too_much).status_code == 403
    for one in shared.intents():
        shared.settled(one["intent_id"], "executed", "denied", "failed")
    page = at(new_page(), shared, "eve", "/reports")
    page.get_by_label("What it holds").select_option("audit")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    page.get_by_label("From").fill(yesterday.date().isoformat())
    page.get_by_role("button", name="Make the report").click()
    expect(page.locator("#made")).to_contain_text("Digest, in the trail too")
    intents = shared.intents()
    assert table(page, "status") == [list(row) for row in counted(one["status"] for one in intents)]
    assert ["get_order", "executed", "3"] in table(page, "action")
    assert ["create_refund", "denied", "1"] in table(page, "action")

    report = page.url.rpartition("/")[2]
    for name, head in (("PDF", b"%PDF-"), ("CSV", b"")):
        with page.expect_download() as taken:
            page.get_by_role("link", name=name, exact=True).click()
        saved = Path(taken.value.path()).read_bytes()
        told = shared.api("eve").get(f"compliance/reports/{report}/{name.lower()}")
        assert saved == told.content
        assert saved.startswith(head)
        assert taken.value.suggested_filename.endswith(f".{name.lower()}")
    assert violations(browser, page) == []
    assert astray_on_paper(page) == []
    page.goto(f"{shared.url}/console/audit/{shared.get('/audit', 'eve')['entries'][0]['id']}")
    assert astray_on_paper(page) == []
    laws.check(shared)


def table(page: Page, section: str) -> list[list[str]]:
    """Cells of a section of the report."""
    found = page.locator(f".section:has(#title-{section}) tbody tr").all()
    return [[" ".join(cell.split()) for cell in row.locator("td").all_inner_texts()] for row in found]


def counted(values: Iterator[str]) -> list[tuple[str, str]]:
    """As a report counts: the most frequent first."""
    return [
        (name, str(count)) for name, count in sorted(Counter(values).items(), key=lambda of: (-of[1], of[0]))
    ]
