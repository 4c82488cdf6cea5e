"""What goes with each reason: a status, a title, words for the agent, whether a retry is right.

Statuses are chosen by what real clients do with them: 403 is final for all of them, 5xx with ``x-should-retry: false``
for most.
"""

from __future__ import annotations

from dataclasses import dataclass

from vienna_kernel.verdict import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """What goes with one reason.

    Attributes:
        hint: What the agent is told where nobody said more.
        retry_after: Seconds.
    """

    status: int
    title: str
    hint: str
    retryable: bool = False
    retry_after: int | None = None


_DENIED = "Do not retry; ask the user."
_BROKEN = "Nothing was sent. Report this to whoever runs the gate."

_ROWS: dict[Reason, Row] = {
    Reason.MALFORMED_REQUEST: Row(400, "Malformed request", "The request has no valid HTTP reading."),
    Reason.AMBIGUOUS_REQUEST: Row(
        400, "Ambiguous request", "The request could be read in more than one way."
    ),
    Reason.TARGET_MISMATCH: Row(
        400, "Target mismatch", "CONNECT, TLS server name, Host and URL must name one host."
    ),
    Reason.TARGET_NOT_CANONICAL: Row(
        400, "Target not canonical", "Send the path and query in canonical form."
    ),
    Reason.METHOD_OVERRIDE: Row(400, "Method override", "Send the real method instead of overriding it."),
    Reason.UNSUPPORTED_PROTOCOL: Row(
        400,
        "Unsupported protocol",
        "Only HTTP/1.1 requests pass; no upgrades or raw connections, and WebSockets only where a mapping opens them.",
    ),
    Reason.UNSUPPORTED_ENCODING: Row(415, "Unsupported encoding", "Send the body uncompressed and in UTF-8."),
    Reason.UNDECODABLE_BODY: Row(
        400, "Undecodable body", "The body does not decode as its content type says."
    ),
    Reason.BODY_TOO_LARGE: Row(413, "Body too large", "The body is larger than what can be inspected."),
    Reason.ADDRESS_REFUSED: Row(
        403, "Address refused", "This address may not be called from here. " + _DENIED
    ),
    Reason.UNMAPPED_ACTION: Row(
        403, "Unmapped action", "No mapping says what this request does, so it may not be sent. " + _DENIED
    ),
    Reason.UNKNOWN_PARAMETER: Row(400, "Unknown parameter", "The request has a parameter that is not known."),
    Reason.INVALID_PARAMETER: Row(400, "Invalid parameter", "A parameter has a value of the wrong kind."),
    Reason.PREFLIGHT_FAILED: Row(
        502,
        "Preflight failed",
        "What this request refers to could not be looked up, so it was not sent.",
        True,
        5,
    ),
    Reason.ACTION_NOT_ALLOWED: Row(403, "Action not allowed", "This agent may not do this. " + _DENIED),
    Reason.POLICY_DENIED: Row(403, "Denied by policy", "Policy denies this. " + _DENIED),
    Reason.NO_RULE_MATCHED: Row(403, "Denied by policy", "No policy rule allows this. " + _DENIED),
    Reason.RATE_LIMITED: Row(429, "Rate limited", "Too many such calls. Wait before you retry.", True, 60),
    Reason.BUDGET_EXCEEDED: Row(429, "Budget exceeded", "The budget for this is used up."),
    Reason.APPROVAL_PENDING: Row(
        403,
        "Approval pending",
        "People have been asked and have not answered yet. Send the identical request later.",
        True,
        30,
    ),
    Reason.APPROVAL_DENIED: Row(403, "Denied by approver", "A person said no. " + _DENIED),
    Reason.APPROVAL_EXPIRED: Row(403, "Approval expired", "Nobody answered in time. " + _DENIED),
    Reason.APPROVAL_CANCELLED: Row(403, "Approval cancelled", "The request was called back. " + _DENIED),
    Reason.NOBODY_ON_DUTY: Row(
        403, "Nobody on duty", "Nobody who may agree to this is there to be asked. " + _DENIED
    ),
    Reason.CONSENT_UNPROVEN: Row(
        403,
        "Consent unproven",
        "People's consent to this could not be verified, so it was not sent. " + _DENIED,
    ),
    Reason.AGENT_UNKNOWN: Row(403, "Agent unknown", "This agent is not registered. " + _DENIED),
    Reason.AGENT_SUSPENDED: Row(403, "Agent suspended", "This agent is suspended. Stop, and tell the user."),
    Reason.FROZEN: Row(403, "Frozen", "An operator has stopped such calls for now. Stop, and tell the user."),
    Reason.TOO_MANY_HELD: Row(
        429, "Too many held", "Too many calls of this agent wait for people.", True, 30
    ),
    Reason.RESPONSE_DRIFT: Row(
        403,
        "Answer withheld",
        "The request was sent, but the upstream did something else than approved. Do not retry; tell the user.",
    ),
    Reason.RESPONSE_INVALID: Row(
        502,
        "Invalid response",
        "The upstream's answer was not valid HTTP. Check what happened before a retry.",
    ),
    Reason.UPSTREAM_UNREACHABLE: Row(
        502, "Upstream unreachable", "The upstream could not be reached; nothing was sent.", True, 5
    ),
    Reason.OUTCOME_UNKNOWN: Row(
        502, "Outcome unknown", "The request was sent and no answer came. Check what happened before a retry."
    ),
    Reason.ALREADY_EXECUTED: Row(
        403,
        "Already executed",
        "This very request was sent before and is not sent again; its answer was not kept. "
        "Do not retry; check what it did.",
    ),
    Reason.CONTROL_UNAVAILABLE: Row(
        503,
        "Control unavailable",
        "Nobody can decide about this right now; nothing was sent. Retry later.",
        True,
        5,
    ),
    Reason.AUDIT_UNAVAILABLE: Row(
        503,
        "Audit unavailable",
        "This cannot be recorded right now, so it was not sent. Retry later.",
        True,
        5,
    ),
    Reason.INTERNAL_ERROR: Row(500, "Internal error", "The gate failed and refused. " + _BROKEN),
}
_OTHER_ROW = Row(403, "Refused", "This is refused. " + _DENIED)
_WARRANT_ROW = Row(403, "Warrant refused", "The presented warrant does not permit this request. " + _DENIED)


def row_of(reason: Reason) -> Row:
    """The row of a reason; all that speak of a warrant have one, and so have those that no agent is to hear."""
    return _ROWS.get(reason, _WARRANT_ROW if reason.value.startswith("warrant_") else _OTHER_ROW)


def aws_exception(code: int, *, may_retry: bool) -> str:
    """The name that AWS has for a status where it speaks JSON."""
    if code == 429:
        return "ThrottlingException" if may_retry else "LimitExceededException"
    if code >= 500:
        return "ServiceUnavailableException"
    return "AccessDeniedException" if code in (202, 403) else "ValidationException"
