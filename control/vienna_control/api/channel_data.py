"""A channel as the API takes it and tells of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vienna_control.notify.kinds import Type
from vienna_control.notify.routing import Routing

type EventName = Literal[
    "approval_required", "approval_resolved", "approval_escalated", "approval_expired", "action_executed",
    "action_failed", "verification_mismatch", "policy_violation", "warrant_revoked", "agent_suspended",
    "freeze_changed", "alert",
]  # fmt: skip
type Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
type Events = Annotated[tuple[EventName, ...], Field(min_length=1, max_length=12)]
type Secrets = dict[Annotated[str, Field(max_length=40)], SecretStr]
type Config = dict[Annotated[str, Field(max_length=40)], Any]


class IntegrationBody(BaseModel):
    """A channel. What ``config`` and ``secrets`` hold is of its type: ``GET /integrations/types``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    type: Type
    config: Config = {}
    secrets: Secrets = {}
    events: Events
    routing: Routing = Routing()
    enabled: bool = True


class ChangeBody(BaseModel):
    """What is to be otherwise. ``config`` and ``routing`` as a whole; of ``secrets`` those that are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    config: Config | None = None
    secrets: Secrets | None = None
    events: Events | None = None
    routing: Routing | None = None
    enabled: bool | None = None


class RetryData(BaseModel):
    """What did not arrive and is sent again. Attributes: ``error``: of the last of its ``attempts``."""

    error: str
    attempts: int
    next_at: str


class IntegrationData(BaseModel):
    """A channel.

    Attributes:
        secrets_set: Names of the secrets, which are never shown.
        failing_since: When a delivery was first given up after the last that arrived.
        retrying: While the last attempt failed, and is made again.
        last_sent_at: When something last arrived there, a test as well.
    """

    integration_id: str
    name: str
    type: str
    config: dict[str, Any]
    secrets_set: list[str]
    events: list[str]
    routing: dict[str, Any]
    enabled: bool
    failing_since: str | None
    retrying: RetryData | None
    last_sent_at: str | None
    created_at: str
    updated_at: str


class TriedData(BaseModel):
    """Attributes: ``error``: why it was not taken, empty if it was."""

    ok: bool
    response_code: int | None
    latency_ms: int
    error: str
