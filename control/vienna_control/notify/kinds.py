"""The types of channels: what each is told openly, and what is sealed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vienna_control.notify import aes128gcm
from vienna_control.notify.webhook import secret_bytes

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}\Z"
)
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$"
type Detail = Literal["action", "sentence"]
type Type = Literal["slack", "teams", "email", "webhook", "pagerduty"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Nothing(_Part):
    """No settings."""


class DetailConfig(_Part):
    """Attributes: ``detail``: ``action`` names the agent and the action; ``sentence`` tells amounts and names too."""

    detail: Detail = "action"


class SlackConfig(DetailConfig):
    """Attributes: ``channel``: id of a channel or of a person."""

    channel: Annotated[str, Field(pattern=r"^[A-Za-z0-9#_-]{1,80}$")]


class SlackSecrets(_Part):
    """Attributes: ``signing_secret``: with it T1 can be decided in Slack."""

    bot_token: Annotated[str, Field(pattern=r"^[!-~]{8,300}$")]
    signing_secret: Annotated[str, Field(pattern=r"^[!-~]{16,200}$")] | None = None


class _Url(_Part):
    url: Annotated[str, Field(min_length=8, max_length=2000)]

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
            raise ValueError("expected an https URL without a user name")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ValueError("expected a URL of printable ASCII")
        _ = parts.port  # raises ValueError for one that is none
        return value


class TeamsSecrets(_Url):
    """Attributes: ``url``: whoever knows it may post."""


class WebhookSecrets(_Url):
    """Attributes: ``secret``: ``whsec_`` and base64 of 24 to 64 bytes; both signatures are made with it."""

    secret: Annotated[str, Field(max_length=200)]

    @field_validator("secret")
    @classmethod
    def _secret(cls, value: str) -> str:
        secret_bytes(value)
        return value


class WebPushSecrets(_Url):
    """What a browser's subscription is (RFC 8291). Attributes: ``url``: whoever knows it may post."""

    p256dh: Annotated[str, Field(max_length=100)]
    auth: Annotated[str, Field(max_length=40)]

    @field_validator("p256dh")
    @classmethod
    def _p256dh(cls, value: str) -> str:
        aes128gcm.point(value)
        return value

    @field_validator("auth")
    @classmethod
    def _auth(cls, value: str) -> str:
        aes128gcm.auth(value)
        return value


class MailConfig(DetailConfig):
    """Attributes: ``tls``: from the first byte, by STARTTLS, or not at all (dev and test)."""

    host: Annotated[str, Field(pattern=_HOST)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, Field(max_length=200)] = ""
    sender: Annotated[str, Field(max_length=200)]
    to: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(min_length=1, max_length=50)]

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        for text in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.match(text):
                raise ValueError("expected e-mail addresses")
        return value


class MailSecrets(_Part):
    """Attributes: ``password``: of ``username``."""

    password: Annotated[str, Field(min_length=1, max_length=300)] | None = None


class PagerDutySecrets(_Part):
    """Attributes: ``routing_key``: of an integration of type Events API v2."""

    routing_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{32}$")]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type.

    Attributes:
        keeps: What may wait for the morning does: people read it, and not a machine.
        follows: What was told of an approval is changed or closed when it ends.
        personal: A device of one person, who subscribes it; it is told only of what that person is asked.
    """

    summary: str
    config: type[_Part]
    secrets: type[_Part]
    keeps: bool = True
    follows: bool = False
    personal: bool = False

    def to_api(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "config": self.config.model_json_schema(),
            "secrets": self.secrets.model_json_schema(),
        }


KINDS: Mapping[str, Kind] = {
    "slack": Kind("a message with buttons; T1 can be decided there", SlackConfig, SlackSecrets, follows=True),
    "teams": Kind("an adaptive card with a link", DetailConfig, TeamsSecrets),
    "email": Kind("a mail with a link", MailConfig, MailSecrets),
    "webhook": Kind("the event as signed JSON", Nothing, WebhookSecrets, keeps=False),
    "pagerduty": Kind(
        "an incident, resolved when it is decided", DetailConfig, PagerDutySecrets, follows=True
    ),
    "web_push": Kind("a notification on a person's device", Nothing, WebPushSecrets, personal=True),
}


def shown(config: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """What may be shown of a channel: of an address that is a secret, the host."""
    host = urlsplit(secrets["url"]).hostname if "url" in secrets else None
    return {**config, **({"url_host": host} if host else {})}
