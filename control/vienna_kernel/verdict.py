"""The two answers of the law, and the closed list of reasons.

1. A verdict is a value, never an exception and never a bare ``bool``.
2. A reason is a stable code: the agent may see it, the trail keeps it. Codes are only ever added.
3. ``hint`` is written for the agent and names no operator; ``detail`` is for operators and stays with us.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused. The comment behind each row is what an operator would say."""

    # what the call itself is
    MALFORMED_REQUEST = "malformed_request"  # no reading
    AMBIGUOUS_REQUEST = "ambiguous_request"  # more than one reading
    TARGET_MISMATCH = "target_mismatch"  # CONNECT, SNI, Host and target disagree
    TARGET_NOT_CANONICAL = "target_not_canonical"
    METHOD_OVERRIDE = "method_override"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"  # raw TCP, WebSocket, HTTP/2, upgrades
    UNSUPPORTED_ENCODING = "unsupported_encoding"  # coded bodies
    UNDECODABLE_BODY = "undecodable_body"
    BODY_TOO_LARGE = "body_too_large"
    ADDRESS_REFUSED = "address_refused"  # metadata, private, loopback, the control plane itself
    # what it means
    UNMAPPED_ACTION = "unmapped_action"
    UNKNOWN_PARAMETER = "unknown_parameter"
    INVALID_PARAMETER = "invalid_parameter"
    PREFLIGHT_FAILED = "preflight_failed"
    ACTION_NOT_ALLOWED = "action_not_allowed"  # not among the agent's allowed actions
    # what policy says
    POLICY_DENIED = "policy_denied"
    NO_RULE_MATCHED = "no_rule_matched"
    RATE_LIMITED = "rate_limited"
    BUDGET_EXCEEDED = "budget_exceeded"
    # what people say
    APPROVAL_PENDING = "approval_pending"
    APPROVAL_DENIED = "approval_denied"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_CANCELLED = "approval_cancelled"
    NOBODY_ON_DUTY = "nobody_on_duty"  # none of those who would have to agree can answer now
    # who may consent; told to operators, never to agents
    APPROVAL_DECIDED = "approval_decided"  # a decided approval never changes
    NOT_AN_APPROVER = "not_an_approver"  # not of the role, group or people that are asked
    OWN_REQUEST = "own_request"
    ALREADY_VOTED = "already_voted"
    MFA_REQUIRED = "mfa_required"
    JUSTIFICATION_REQUIRED = "justification_required"
    CONSENT_UNPROVEN = (
        "consent_unproven"  # no passkeys of the roster agreed to it, or what they said does not hold
    )
    # who asks
    AGENT_UNKNOWN = "agent_unknown"
    AGENT_SUSPENDED = "agent_suspended"
    FROZEN = "frozen"
    TOO_MANY_HELD = "too_many_held"
    # a warrant that was presented, or that we are about to use; one row per numbered step
    WARRANT_TOO_LARGE = "warrant_too_large"
    WARRANT_MALFORMED = "warrant_malformed"
    WARRANT_TYPE = "warrant_type"
    WARRANT_KEY_UNKNOWN = "warrant_key_unknown"
    WARRANT_ALGORITHM = "warrant_algorithm"
    WARRANT_SIGNATURE = "warrant_signature"
    WARRANT_ISSUER = "warrant_issuer"
    WARRANT_AUDIENCE = "warrant_audience"
    WARRANT_NOT_YET_VALID = "warrant_not_yet_valid"
    WARRANT_EXPIRED = "warrant_expired"
    WARRANT_REVOKED = "warrant_revoked"
    WARRANT_CHAIN = "warrant_chain"
    WARRANT_HOLDER = "warrant_holder"  # bound to another sidecar's key, or another agent
    WARRANT_REQUEST = "warrant_request"  # another request than the one it names
    WARRANT_SCOPE = "warrant_scope"  # action, target or parameters outside it
    WARRANT_REQUIREMENTS = "warrant_requirements"  # quorum, MFA or justification missing
    WARRANT_OBSERVED = "warrant_observed"  # issued in observe mode: no verifier accepts it
    WARRANT_CONSUMED = "warrant_consumed"
    # what came back
    RESPONSE_DRIFT = "response_drift"
    RESPONSE_INVALID = "response_invalid"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    ALREADY_EXECUTED = "already_executed"  # a retry of a write that left before; it is not sent again
    # what is broken on our side; always a refusal
    CONTROL_UNAVAILABLE = "control_unavailable"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Granted:
    """Yes."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and why.

    Attributes:
        reason: Stable code, shown to the agent and kept in the trail.
        detail: One sentence for operators, without secrets.
        hint: At most 400 characters for the agent: what, why, what to do instead. Empty: the
            reason's own text is used.
    """

    reason: Reason
    detail: str
    hint: str = ""


type Verdict = Granted | Refused
