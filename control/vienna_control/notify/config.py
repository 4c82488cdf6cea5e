"""Section ``control.notify``: where notifications may go."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from pydantic import field_validator

from vienna_control.section import Section


class NotifyConfig(Section):
    """Section ``control.notify``.

    Attributes:
        private_networks: Networks (CIDR) beside the public ones that channels may connect to.
        push_networks: The same for push services of people's own devices: not admins, but everybody names those.
        slack_api: Where Slack's Web API is.
        pagerduty_api: Where PagerDuty takes events.
    """

    private_networks: tuple[str, ...] = ()
    push_networks: tuple[str, ...] = ()
    slack_api: str = "https://slack.com/api"
    pagerduty_api: str = "https://events.pagerduty.com"

    @field_validator("private_networks", "push_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)
        return value

    @field_validator("slack_api", "pagerduty_api")
    @classmethod
    def _base(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("expected a URL like https://slack.com/api")
        return value.rstrip("/")
