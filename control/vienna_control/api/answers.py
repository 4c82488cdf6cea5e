"""What the published rows of the API answer, as the OpenAPI document tells it.

Descriptions, not filters: a handler answers plain data, nothing checks it while it serves, and the tests hold every
answer against its schema. An answer may have more fields than stand here; it never lacks one of these.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Grade, Status
from vienna_kernel.verdict import Reason
from vienna_kernel.verification.result import Result

type ApprovalStatus = Literal["pending", "approved", "denied", "expired", "cancelled"]
type WarrantStatus = Literal["issued", "consumed", "expired", "revoked"]
type AgentStatus = Literal["active", "suspended", "inactive"]
type Decision = Literal["allowed", "pending_approval", "denied", "rate_limited"]
type Submitted = Literal[
    "executed", "approved", "pending_approval", "denied", "simulated", "failed", "unknown", "frozen"
]

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Told(BaseModel):
    """Has these fields, and may have more."""

    model_config = ConfigDict(extra="allow")


class Verification(Told):
    """``status``: the published word, ``passed`` or ``failed`` for a match or a drift; ``result``: what was found."""

    status: str
    result: Result
    scope_match: bool
    checks: list[dict[str, Any]]
    verified_at: Instant | None


class Execution(Told):
    execution_id: str
    status: str
    grade: Grade
    http_status: int | None
    error: str | None
    response_digest: str | None
    duration_ms: float | None
    extracted: dict[str, Any]


class ExecutionData(Execution):
    intent_id: str
    verified: bool
    verification: Verification | None


class ApprovalBrief(Told):
    approval_id: str
    status: ApprovalStatus
    required_approvers: int
    current_approvals: int
    expires_at: Instant


class ApprovalData(ApprovalBrief):
    intent_id: str
    agent_id: str
    agent: str
    risk_tier: Tier
    action: str
    sentence: str
    created_at: Instant
    you_may_decide: bool
    intent_status: Status


class WarrantBrief(Told):
    warrant_id: str
    intent_id: str
    agent_id: str
    status: WarrantStatus
    risk_tier: Tier
    issued_at: Instant
    expires_at: Instant
    revoked_at: Instant | None


class WarrantData(WarrantBrief):
    """``token``: only for the agent itself and for who may let it go."""

    scope: dict[str, Any]
    constraints: dict[str, Any]
    ttl: int
    issuer: str
    chain: dict[str, Any]
    chain_of_custody: dict[str, Any]
    signature: str


class IntentBrief(Told):
    intent_id: str
    agent_id: str
    agent: str
    source: str
    action: str
    target: str
    status: Status
    grade: Grade
    risk_tier: Tier | None
    mode: str
    reason: Reason | None
    rule: str | None
    approval_id: str | None
    warrant_id: str | None
    execution_id: str | None
    simulation: bool
    created_at: Instant
    updated_at: Instant


class IntentData(IntentBrief):
    approval: ApprovalBrief | None
    warrant: Told | None
    execution: Execution | None
    verification: Verification | None


class SubmittedData(Told):
    """What follows depends on ``status``: ``approval``, ``warrant``, ``execution_id`` or ``reason``."""

    intent_id: str
    status: Submitted
    risk_tier: Tier | None
    mode: str


class PolicyData(Told):
    id: str
    name: str
    description: str
    priority: int
    enabled: bool
    action: dict[str, Any]
    version: int
    read_only: bool


class EvaluationData(Told):
    decision: Decision
    matched_rule: dict[str, Any] | None
    risk_tier: Tier | None
    reason: str
    code: Reason | None
    evaluation_ms: float
    rules_evaluated: int
    results: list[dict[str, Any]]
    final_action: str
    matching_rule: str | None


class ActionTypeData(Told):
    id: str
    name: str
    description: str
    default_risk_tier: Tier
    parameters_schema: Annotated[dict[str, Any], Field(alias="schema")]
    version: int | None


class AgentData(Told):
    agent_id: str
    name: str
    description: str
    type: str
    status: AgentStatus
    trust_score: float
    allowed_actions: list[str]
    metadata: dict[str, Any]
    created_at: Instant


class EntryData(Told):
    id: str
    type: EntryType
    at: Instant
    actor: str
    tenant: str
    agent_id: str | None
    intent_id: str | None
    data: dict[str, Any]
    index: int | None
    leaf: str


def listing(noun: str, item: type[BaseModel], *, bounded: bool = False) -> type[BaseModel]:
    """A page of a list, as ``fetch_page`` makes it; ``bounded``: as ``window.page`` does, which counts so far only."""
    fields: dict[str, Any] = {
        noun: (GenericAlias(list, (item,)), ...),
        "total": (int, ...),
        **({"total_at_least": (bool, ...)} if bounded else {}),
        "has_more": (bool, ...),
        "next_cursor": (str | None, ...),
    }
    return create_model(f"{item.__name__}List", __base__=Told, __module__=__name__, **fields)


IntentList = listing("intents", IntentBrief, bounded=True)
ApprovalList = listing("approvals", ApprovalData, bounded=True)


class AlikeGroup(Told):
    """Approvals that differ in parameters only; ``differs``: these, with their values or range."""

    key: dict[str, Any]
    count: int
    oldest: Instant
    newest: Instant
    sentence: str
    differs: list[dict[str, Any]]
    approvals: list[dict[str, str]]


AlikeList = listing("groups", AlikeGroup)
WarrantList = listing("warrants", WarrantBrief)
PolicyList = listing("policies", PolicyData)
ActionTypeList = listing("action_types", ActionTypeData)
AgentList = listing("agents", AgentData)
EntryList = listing("entries", EntryData, bounded=True)
