"""From nothing to a governed call, in a browser: the first admin, a second person, a gate, and the way back in."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import yaml
from playwright.sync_api import Page, expect

from harness.upstream import Upstream
from harness.vienna import Process, until

pytestmark = [pytest.mark.browser, pytest.mark.journey]

type NewPage = Callable[[], Page]

PASSWORD = "a slow green tram to Vienna"
PUBLIC = "https://vienna.example.com"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"

ENFORCE = """
async () => {
  const base = document.querySelector("script[type=module]").src.replace("app.js", "");
  const { post } = await import(base + "api.js");
  return (await post("/fleet/ledger-bot/promote", { to: "enforce", confirm: true })).enforcement;
}
"""


class Production:
    """A control plane as it is first started in production, and the gate that somebody will start."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VIENNA_")}
        env = {
            **inherited,
            "VIENNA_ENV": "prod",
            "VIENNA_SECRET_KEY": SECRET,
            "VIENNA_PUBLIC_URL": PUBLIC,
        }
        self.join = folder / "join"
        config = folder / "vienna.yaml"
        settings = {
            "control": {"listen": "127.0.0.1:0", "data_dir": str(folder / "data")},
            "gate": {
                "listen": "127.0.0.1:0",
                "agent": "ledger-bot",
                "upstream_ca": str(upstream.authority.path),
                "resolve": upstream.resolve,
            },
        }
        config.write_text(yaml.safe_dump(settings))
        given = ["-c", str(config)]
        self.control = Process("vienna_control", given, env=env, log=folder / "control.log")
        given = [*given, "--state-dir", str(folder / "gate"), "--key-file", str(self.join)]
        env = {**inherited, "VIENNA_ENV": "test"}  # for an upstream that no name server knows
        self.gate = Process("vienna_proxy", given, env=env, log=folder / "gate.log")

    def start(self) -> None:
        self.control.start(address="control")

    def start_gate(self, token: str) -> None:
        self.join.write_text(token)
        self.gate.arguments += ["--control", self.control.ready["control"]]
        self.gate.start(address="proxy")

    def call(self, method: str) -> httpx.Response:
        """By the agent."""
        trust = ssl.create_default_context(cafile=str(self.gate.ready["ca"]))
        with httpx.Client(
            proxy=self.gate.ready["proxy"], verify=trust, timeout=90, trust_env=False
        ) as client:
            return client.request(method, "https://payments.example/v1/refunds")

    @property
    def url(self) -> str:
        """By the name that passkeys answer."""
        return str(self.control.ready["control"]).replace("127.0.0.1", "localhost")


@pytest.fixture
def production(tmp_path: Path, upstream: Upstream) -> Iterator[Production]:
    made = Production(tmp_path, upstream)
    try:
        made.start()
        yield made
    finally:
        for process in (made.gate, made.control):
            process.close()


def step(page: Page, name: str) -> Any:
    return page.locator(f"[data-step={name}]")


def done(page: Page, name: str) -> None:
    """A step comes to be done, without the page being loaded anew."""
    expect(step(page, name)).to_have_attribute("data-done", "yes")


def kept(page: Page) -> str:
    """What is shown once: read, then put away."""
    secret = page.locator("dialog [data-secret]").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    return secret


def chooses(page: Page) -> None:
    form = page.locator("#step-1")
    form.get_by_label("Your password").fill(PASSWORD)
    form.get_by_label("Once more").fill(PASSWORD)


def enrols(page: Page) -> tuple[str, list[str]]:
    """Codes of an authenticator: the secret, and the recovery codes."""
    page.get_by_role("button", name="Set up codes").click()
    expect(page.locator("dialog svg.qr path")).to_be_attached()
    secret = page.locator("dialog [data-secret]").inner_text().replace(" ", "")
    page.get_by_label("The six digits").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    codes = page.locator("dialog .codes code").all_inner_texts()
    assert len(set(codes)) == 10
    page.get_by_label("I have kept them").check()
    with page.expect_event("load"):  # of the page it leads to, which may have the address of this one
        page.get_by_role("button", name="Go on").click()
    return secret, codes


def test_from_nothing_to_a_governed_call(
    production: Production, upstream: Upstream, new_page: NewPage
) -> None:
    page = new_page()
    token = Path(production.control.ready["setup_token"]).read_text().strip()
    page.goto(f"{production.url}/console/setup#token={token}")
    expect(page.get_by_role("button", name="Become the first admin")).to_be_visible()
    assert "token" not in page.url
    page.get_by_label("Your e-mail").fill("root@example.com")
    chooses(page)
    page.get_by_role("button", name="Become the first admin").click()

    _, codes = enrols(page)
    expect(page).to_have_url(f"{production.url}/console/setup")
    done(page, "factor")

    step(page, "second").get_by_label("E-mail").fill("nora@example.com")
    step(page, "second").get_by_role("button", name="Invite").click()
    link = kept(page)
    done(page, "second")
    step(page, "token").locator("summary").click()
    step(page, "token").get_by_label("Agent").fill("ledger-bot")
    step(page, "token").get_by_role("button", name="Make it").click()
    expect(page.locator("dialog pre")).to_contain_text("--agent ledger-bot --key-file join")
    production.start_gate(kept(page))
    done(page, "gate")
    production.call("DELETE")
    assert len(upstream.received) == 1  # a new agent is only observed
    done(page, "call")

    nora = new_page()
    nora.goto(link.replace(PUBLIC, production.url))
    expect(nora.get_by_role("button", name="Come in")).to_be_visible()
    assert "token" not in nora.url
    chooses(nora)
    nora.get_by_role("button", name="Come in").click()
    enrols(nora)
    expect(nora).to_have_url(f"{production.url}/console/")

    page.goto(f"{production.url}/console/fleet/ledger-bot")
    assert page.evaluate(ENFORCE) == "enforce"
    page.goto(f"{production.url}/console/setup")
    done(page, "held")
    until("the gate to have heard", lambda: production.call("DELETE").status_code == 403)
    let_go = len(upstream.received)
    refused = production.call("DELETE")
    assert refused.status_code == 403
    assert refused.headers["vienna-intent"]
    assert len(upstream.received) == let_go

    comes_back(page, production, codes[0])


def comes_back(page: Page, production: Production, code: str) -> None:
    """A session that is over leads to the login and back; out, and in again with a code that works once."""
    page.goto(f"{production.url}/console/settings/people")
    page.context.clear_cookies()
    page.get_by_role("link", name="Groups").click()
    page.wait_for_url("**/console/login?next=*")
    for given, good in ((code, True), (code, False)):
        page.get_by_label("E-mail").fill("root@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.get_by_label("Your code")).to_be_focused()
        page.get_by_text("I have neither").click()
        page.get_by_label("A recovery code").fill(given)
        page.get_by_role("button", name="Log in", exact=True).click()
        if good:
            page.wait_for_url(f"{production.url}/console/settings/groups")
            page.locator(".me summary").click()
            page.get_by_role("button", name="Log out").click()
            page.wait_for_url(f"{production.url}/console/login")
    expect(page.locator("[data-problem]")).to_contain_text("is wrong")
