"""The parts of notification, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vienna_control.clock import Clock
from vienna_control.config import Settings
from vienna_control.notify.guard import Guard
from vienna_control.notify.mail import Mail
from vienna_control.notify.message import Channel
from vienna_control.notify.outbox import Outbox
from vienna_control.notify.pagerduty import PagerDuty
from vienna_control.notify.replays import Replays
from vienna_control.notify.sender import Count, Sender
from vienna_control.notify.slack import Slack
from vienna_control.notify.teams import Teams
from vienna_control.notify.web import Web
from vienna_control.notify.web_push import WebPush
from vienna_control.notify.webhook import Webhook
from vienna_control.ports import PushSigner, Sealer
from vienna_control.store import Store


@dataclass(frozen=True, slots=True)
class Notifier:
    """Channels and what they need.

    Attributes:
        push_guard: Of the push services of people's own devices.
        plain: Destinations without TLS are taken (dev and test).
    """

    guard: Guard
    push_guard: Guard
    outbox: Outbox
    sender: Sender
    plain: bool
    replays: Replays = field(default_factory=Replays)


def notifier(
    settings: Settings,
    store: Store,
    clock: Clock,
    sealer: Sealer,
    push: PushSigner,
    *,
    base_url: str,
    count: Count,
) -> Notifier:
    """Make it, and have the store tell the outbox of each event."""
    config, plain = settings.control.notify, settings.lenient
    guard, push_guard = Guard(config.private_networks), Guard(config.push_networks)
    web = Web(guard, plain=plain)
    channels: Mapping[str, Channel] = {
        "slack": Slack(web, config.slack_api),
        "teams": Teams(web),
        "email": Mail(guard, clock.now, plain=plain),
        "webhook": Webhook(web, clock.now),
        "pagerduty": PagerDuty(web, config.pagerduty_api),
        "web_push": WebPush(Web(push_guard, plain=plain), push, clock.now, base_url=base_url),
    }
    outbox = Outbox()
    store.outbox(outbox)
    sender = Sender(store, clock, sealer, channels, base_url=base_url, count=count)
    return Notifier(guard, push_guard, outbox, sender, plain)
