"""Every screen of the console as it looks: both themes, wide and on a phone, and what the browser complains of.

``make screenshots OUT=dir ONLY=inbox,approval`` uses the showcase that runs (``make showcase``), else one of its own.
It fails when a page complains: an error in its console, a request that failed, a break of the content security policy,
a page wider than its window, or a violation that axe finds.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from browser import chromium
from browser.album import LOOKS, Look, Shot, album, tell
from browser.screens import NOBODY, Screen, chosen
from browser.showcase_place import Showcase, running
from harness.vienna import Operator

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
CSP = "Content Security Policy"
_SECONDS = 15
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Nothing is being fetched any more, and what was fetched has been painted.
_SETTLED = """async () => {
  await document.fonts.ready;
  const pause = (wait) => new Promise((done) => setTimeout(done, wait));
  for (let tries = 0; tries < 100 && document.querySelector(".htmx-request"); tries++) await pause(20);
  await pause(120);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

_TALL = "() => document.documentElement.scrollHeight > 1.1 * innerHeight"

# What sticks out to the right of the window, unless something around it scrolls.
_TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolls = (one) => one && one !== document.body &&
    (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  const name = (one) => one.tagName.toLowerCase() + (one.id ? "#" + one.id : "") +
    [...one.classList].map((word) => "." + word).join("");
  const found = [...document.body.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > wide + 1 && !scrolls(one.parentElement));
  return (found.length ? found.slice(-5).map(name) : ["the document"]);
}"""

_JUDGED = """async (tags) => {
  const told = await axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: tags}});
  return told.violations.map((one) => ({
    id: one.id, impact: one.impact, help: one.help,
    at: one.nodes.map((node) => node.target.join(" ")),
    why: one.nodes[0].failureSummary,
  }));
}"""


class Camera:
    """Takes pictures of one showcase into ``out``, and judges them with axe where it is there."""

    def __init__(self, browser: Browser, found: Showcase, out: Path) -> None:
        self._browser, self._found, self._out = browser, found, out
        self._axe = AXE.read_text() if AXE.exists() else ""
        self._cookies: dict[str, list[SetCookieParam]] = {NOBODY: []}
        self._contexts: dict[tuple[str, Look], BrowserContext] = {}

    def take(self, screen: Screen, look: Look) -> Shot:
        shot = Shot(screen, look)
        page = self._context(screen.who, look).new_page()
        page.set_default_timeout(_SECONDS * 1000)
        try:
            self._look(page, shot)
        except PlaywrightError as error:
            shot.complaints.append(f"not looked at: {error.message.splitlines()[0]}")
        page.close()
        return shot

    def _look(self, page: Page, shot: Shot) -> None:
        name = f"{shot.screen.name}-{shot.look}"
        with _listening(page, shot):
            if not self._open(page, shot):
                return
        self._picture(page, shot, f"{name}.png", full=False)
        if not shot.screen.do and page.evaluate(_TALL):
            self._picture(page, shot, f"{name}-full.png", full=True)
        shot.complaints += [f"wider than its window: {one}" for one in page.evaluate(_TOO_WIDE)]
        if self._axe and shot.look.judged:
            page.evaluate(self._axe)
            shot.complaints += [_told(one) for one in page.evaluate(_JUDGED, _TAGS)]

    def _open(self, page: Page, shot: Shot) -> bool:
        """Whether there is the page that is meant, in the state that is meant."""
        screen = shot.screen
        answer = page.goto(f"{self._found.url}/console{screen.path.format_map(self._found.ids)}")
        if answer is None or answer.status != screen.status:
            shot.complaints.append(f"answered {answer.status if answer else 'nothing'}")
            return False
        page.evaluate(_SETTLED)
        if screen.do:
            screen.do(page)
            page.evaluate(_SETTLED)
        return True

    def _picture(self, page: Page, shot: Shot, name: str, *, full: bool) -> None:
        page.screenshot(path=self._out / name, full_page=full, animations="disabled")
        shot.pictures.append(name)

    def _context(self, who: str, look: Look) -> BrowserContext:
        if (who, look) not in self._contexts:
            context = self._browser.new_context(
                viewport={"width": look.width, "height": look.height},
                color_scheme=look.theme,
                is_mobile=look.phone,
                has_touch=look.phone,
                device_scale_factor=2 if look.phone else 1,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="Europe/Vienna",
            )
            context.add_cookies(self._session(who))
            self._contexts[who, look] = context
        return self._contexts[who, look]

    def _session(self, who: str) -> list[SetCookieParam]:
        """One session for each person, however it is looked at: logging in is slow on purpose."""
        if who not in self._cookies:
            cookies = self._found.cookies(who)
            url = self._found.url
            self._cookies[who] = [
                SetCookieParam(name=one.name, value=one.value or "", url=url) for one in cookies.jar
            ]
        return self._cookies[who]


@contextlib.contextmanager
def _listening(page: Page, shot: Shot) -> Iterator[None]:
    """Whatever goes wrong in the page becomes a complaint; what our own tools do to it later does not."""

    def said(message: ConsoleMessage) -> None:
        told_below = message.text.startswith("Failed to load resource")
        if (message.type == "error" and not told_below) or CSP in message.text:
            shot.complaints.append(f"console: {message.text} {message.location['url']}".strip())

    def answered(answer: Response) -> None:
        if answer.status >= 400 and not answer.request.is_navigation_request():
            shot.complaints.append(f"{answer.status}: {answer.request.method} {answer.url}")

    heard: dict[Any, Callable[[Any], None]] = {
        "pageerror": lambda error: shot.complaints.append(f"error: {error}"),
        "requestfailed": lambda request: shot.complaints.append(f"failed: {request.url} ({request.failure})"),
        "console": said,
        "response": answered,
    }
    for event, handler in heard.items():
        page.on(event, handler)
    try:
        yield
    finally:
        for event, handler in heard.items():
            page.remove_listener(event, handler)


def _told(violation: dict[str, Any]) -> str:
    at = violation["at"]
    more = f" and {len(at) - 4} more" if len(at) > 4 else ""
    why = " ".join(violation["why"].split())[:300]
    return f"axe {violation['id']} ({violation['impact']}): {'; '.join(at[:4])}{more}: {why}"


@contextlib.contextmanager
def _found(against: str, email: str, password: str) -> Iterator[Showcase]:
    """Somebody's own installation, the showcase that runs, or one of our own."""
    if against:
        everybody = {who: Operator(email, "", [], password=password) for who in ("me",)}
        yield Showcase(url=against.rstrip("/"), people=everybody, ids={})
    elif there := running():
        yield there
    else:
        from browser.showcase import (
            showcase,
        )  # the whole product, which may be half written where one runs already

        with showcase() as started:
            yield started


def _screens(only: str, found: Showcase) -> list[Screen]:
    """What is asked for and can be looked at: somebody's own installation has one person, and none of our ids."""
    screens = chosen(only)
    if "me" not in found.people:
        return screens
    mine = [one for one in screens if "{" not in one.path]
    return [
        Screen(name=one.name, path=one.path, who=one.who and "me", do=one.do, status=one.status)
        for one in mine
    ]


def main() -> int:
    """Take the pictures; 1 when any page complains."""
    parser = argparse.ArgumentParser(prog="browser.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    parser.add_argument("--only", default="", help="names of screens, by commas")
    parser.add_argument("--looks", default="", help=f"of {', '.join(map(str, LOOKS))}; all unless named")
    parser.add_argument("--against", default="", help="URL of a control plane, with --email and --password")
    parser.add_argument("--email", default="")
    parser.add_argument("--password", default="")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    looks = [one for one in LOOKS if not wanted.looks or str(one) in wanted.looks.split(",")]
    shots: list[Shot] = []
    with _found(wanted.against, wanted.email, wanted.password) as found, sync_playwright() as playwright:
        screens = _screens(wanted.only, found)
        browser = chromium.launch(playwright)
        camera = Camera(browser, found, wanted.out)
        for screen in screens:
            for look in looks:
                shots.append(camera.take(screen, look))
            tell(screen, shots[-len(looks) :])
        browser.close()
    (wanted.out / "index.html").write_text(album(shots))
    bad = sum(bool(shot.complaints) for shot in shots)
    print(f"{len(shots)} views of {len(screens)} screens, {bad} with complaints: {wanted.out / 'index.html'}")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, FileNotFoundError, httpx.HTTPError) as error:
        sys.exit(f"screenshots: {error}")
