"""A telephone for tests: a small screen that is touched, a passkey, and a push service that stands in for its maker's.

Chromium without a screen has no push service, so ``PushManager.subscribe`` answers with a subscription of ``push_kit``;
what the control plane then sends to it is opened here, and given to the console's own service worker.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Locator

from browser import desk
from harness.vienna import Vienna
from push_kit import Browser as Subscription
from receivers import Request

SECONDS = 30
_DELIVERIES = 5
"""The browser now and then loses one that comes while its worker starts; a push service delivers again, too."""
_SUBSCRIBES = """
(given) => {
  const made = { toJSON: () => given, unsubscribe: async () => true };
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly || options.applicationServerKey.length !== 87) throw new TypeError("other options");
    return made;
  };
  PushManager.prototype.getSubscription = async () => made;
}
"""
_CLEARED = "async () => (await registration.getNotifications()).forEach((one) => one.close())"
_SHOWN = """
async () => {
  for (let waited = 0; waited < 2000; waited += 10) {
    const [one] = await registration.getNotifications();
    if (one) return { title: one.title, body: one.body, tag: one.tag, url: one.data.url };
    await new Promise((next) => setTimeout(next, 10));
  }
  return null;
}
"""
_PRESSED = """
async () => {
  const [notification] = await registration.getNotifications();
  let opened = null;
  clients.openWindow = async (address) => { opened = address; };  // a window opens for a finger only
  const waits = [];
  const event = new NotificationEvent("notificationclick", { notification });
  event.waitUntil = (work) => waits.push(work);
  self.dispatchEvent(event);
  await Promise.all(waits);
  return opened;
}
"""
_RENEWED = """
async (given) => {
  registration.pushManager.constructor.prototype.subscribe = async () => ({ toJSON: () => given });
  const waits = [];
  const event = new Event("pushsubscriptionchange");
  event.waitUntil = (work) => waits.push(work);
  self.dispatchEvent(event);
  await Promise.all(waits);
  return (await registration.getNotifications()).map((one) => one.title);
}
"""


class PushService:
    """Takes messages for any subscription, and keeps them."""

    def __init__(self) -> None:
        came: queue.Queue[Request] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                came.put(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(201)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.came = came
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[PushService]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


NOTIFY = {"notify": {"push_networks": ["127.0.0.0/8"]}}
"""Settings of a control plane that may send to it."""


@dataclass(frozen=True, slots=True)
class Notification:
    title: str
    body: str
    tag: str
    url: str


class Phone:
    """Somebody's telephone.

    Attributes:
        taps: What a finger did between the lock screen and the vote.
        complaints: What its pages complained of.
    """

    def __init__(self, browser: Browser, vienna: Vienna, service: PushService, who: str) -> None:
        self.taps = 0
        self.url = vienna.url.replace("127.0.0.1", "localhost")
        self._service, self._owner = service, Subscription(f"{service.url}/push/{who}")
        self.context = browser.new_context(
            viewport={"width": 360, "height": 780},
            has_touch=True,
            is_mobile=True,
            permissions=["notifications"],
        )
        given = self._owner.body()
        told = {"endpoint": given["endpoint"], "expirationTime": None, "keys": given["keys"]}
        self.context.add_init_script(f"({_SUBSCRIBES})({json.dumps(told)})")
        self.page = self.context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._cdp = self.context.new_cdp_session(self.page)
        self._registration = ""
        self._cdp.on("ServiceWorker.workerRegistrationUpdated", self._seen)
        self._cdp.send("ServiceWorker.enable")
        desk.with_passkey(self.page, vienna, who, "/settings/devices")

    def ready(self) -> None:
        """Logged in, on the page of devices, and ringing; no tap was counted yet."""
        self.page.goto(f"{self.url}/console/settings/devices")
        if "/login" in self.page.url:
            self.page.get_by_role("button", name="With a passkey").tap()
            self.page.wait_for_url("**/settings/devices")
        self.page.locator("[data-device][data-rings]").wait_for()
        if self.page.locator("[data-device]").get_attribute("data-rings") == "no":
            self.page.get_by_role("button", name="Ring this device").tap()
            self.page.locator("[data-subscription]").wait_for()  # the page was read anew
            self.page.locator("[data-device][data-rings=yes]").wait_for()
        self.taps = 0

    def _seen(self, told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            self._registration = one["registrationId"]

    def tap(self, what: Locator) -> None:
        self.taps += 1
        what.tap()

    def rung(self) -> Notification:
        """What the lock screen shows, once the push service was told."""
        return self.told(self._owner.told(self._service.came.get(timeout=SECONDS)))

    def told(self, data: Any) -> Notification:
        """The same, of any message: text, or what becomes JSON."""
        self._worker.evaluate(_CLEARED)
        text = data if isinstance(data, str) else json.dumps(data)
        message = {"origin": self.url, "registrationId": self._registration, "data": text}
        for _ in range(_DELIVERIES):
            self._cdp.send("ServiceWorker.deliverPushMessage", message)
            if shown := self._worker.evaluate(_SHOWN):
                return Notification(**shown)
        raise AssertionError(f"nothing was shown of {text!r}")

    def renewed(self) -> list[str]:
        """The push service gives this browser another address: what the lock screen shows then."""
        self._worker.evaluate(_CLEARED)
        return list(self._worker.evaluate(_RENEWED, self._owner.body()))

    def press(self) -> None:
        """Tap the notification."""
        self.taps += 1
        self.page.goto(self.url + self._worker.evaluate(_PRESSED))

    @property
    def _worker(self) -> Any:
        return self.context.service_workers[0]
