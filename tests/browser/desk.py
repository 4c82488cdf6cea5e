"""People at their browsers: logged in, with an authenticator, and what is looked for on every page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import httpx
from playwright.sync_api import Browser, Locator, Page

from harness.vienna import Vienna

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 360))
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
_PRINTED = """
() => [
  ...[...document.querySelectorAll("nav, header.bar, .banner, .toast, button, .button, form, summary.button")]
    .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80)),
  ...[["background-color", "rgb(255, 255, 255)"], ["color", "rgb(0, 0, 0)"]]
    .filter(([name, value]) => getComputedStyle(document.body).getPropertyValue(name) !== value).map(([name]) => name),
]
"""
_ENROL = """
async () => {
  const base = document.querySelector("script[type=module]").src.replace("app.js", "");
  const [{ post }, { create }] = await Promise.all([import(base + "api.js"), import(base + "passkey.js")]);
  const { public_key: options } = await post("/mfa/passkeys/options");
  return post("/mfa/passkeys", { name: "browser", ...(await create(options)) });
}
"""


def at(page: Page, vienna: Vienna, who: str, path: str = "/", *, url: str = "") -> Page:
    """This person's page of the console, in a session of their own. ``url``: another name of the control plane."""
    url = url or vienna.url
    token = vienna.post("/auth/links", who)["token"]
    answer = httpx.post(f"{vienna.url}/api/v1/auth/link", json={"token": token}, timeout=30, trust_env=False)
    assert answer.is_success, answer.text
    page.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": url} for one in answer.cookies.jar]
    )
    page.goto(f"{url}/console{path}")
    return page


def follow(link: Locator) -> Page:
    """Go where a link, or a form without a script, leads, and be there: the scripts of that page have run."""
    link.click()  # and waits until the other page begins
    link.page.wait_for_load_state()
    return link.page


def with_passkey(page: Page, vienna: Vienna, who: str, path: str = "/") -> Page:
    """The same at a host with a name, with an authenticator that verifies its person, and a passkey of theirs in it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})
    at(page, vienna, who, url=vienna.url.replace("127.0.0.1", "localhost"))
    page.evaluate(_ENROL)
    page.goto(f"{vienna.url.replace('127.0.0.1', 'localhost')}/console{path}")
    return page


def astray_on_paper(page: Page) -> list[str]:
    """What would be printed of this page and is nothing to read; by somebody whose theme is the dark one."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(_PRINTED)
    page.emulate_media(media="screen")
    return found


def violations(browser: Browser, page: Page) -> list[Any]:
    """What axe finds on this page: light and wide, dark and on a telephone."""
    # axe puts styles of its own into the page, which our policy refuses
    context = browser.new_context(bypass_csp=True, storage_state=page.context.storage_state())
    other = context.new_page()
    other.goto(page.url)
    other.evaluate(AXE)
    found: list[Any] = []
    for theme, width in _LOOKS:
        other.emulate_media(color_scheme=theme)
        other.set_viewport_size({"width": width, "height": 800})
        told = other.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", _TAGS)
        found += [
            (theme, width, one["id"], [node["target"] for node in one["nodes"]]) for one in told["violations"]
        ]
    context.close()
    return found
