"""One entry of the audit trail: its body, its leaf and its link.

The leaf is the hash of the body's bytes, known when the entry is written, so a warrant can name it. The link is added
when the entry gets its index. Nobody ever writes a body out again to check it: the bytes that were hashed are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

from vienna_kernel.value import plain_decimal

GENESIS = bytes(32)  # the chain hash before the first entry


class EntryType(StrEnum):
    """What can be recorded. Types are only ever added."""

    INTENT_SUBMITTED = "intent_submitted"
    POLICY_EVALUATED = "policy_evaluated"
    APPROVAL_REQUESTED = "approval_requested"
    APPROVAL_VOTE = "approval_vote"
    APPROVAL_RESOLVED = "approval_resolved"
    APPROVAL_ESCALATED = "approval_escalated"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVAL_CLAIMED = "approval_claimed"
    APPROVAL_COMMENT = "approval_comment"
    BREAK_GLASS = "break_glass"
    WARRANT_ISSUED = "warrant_issued"
    WARRANT_CONSUMED = "warrant_consumed"
    WARRANT_REVOKED = "warrant_revoked"
    WARRANT_REFUSED = "warrant_refused"
    EXECUTION_STARTED = "execution_started"
    EXECUTION_FINISHED = "execution_finished"
    EXECUTION_UNKNOWN = "execution_unknown"
    VERIFICATION_COMPLETE = "verification_complete"
    CALL_REFUSED = "call_refused"
    TRUST_CHANGED = "trust_changed"
    AGENT_REGISTERED = "agent_registered"
    AGENT_SUSPENDED = "agent_suspended"
    AGENT_RESUMED = "agent_resumed"
    POLICY_CHANGED = "policy_changed"
    MAPPING_CHANGED = "mapping_changed"
    KEY_ADDED = "key_added"
    KEY_RETIRED = "key_retired"
    OPERATOR_LOGIN = "operator_login"
    OPERATOR_MFA = "operator_mfa"
    FREEZE_CHANGED = "freeze_changed"
    SIDECAR_ENROLLED = "sidecar_enrolled"
    SIDECAR_GAP = "sidecar_gap"
    CONFIG_CHANGED = "config_changed"
    REPORT_MADE = "report_made"
    ALERT = "alert"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"


def entry_body(
    *,
    id: str,
    tenant: str,
    type: EntryType,
    at: str,
    actor: str,
    agent_id: str | None,
    intent_id: str | None,
    data: Mapping[str, Any],
) -> bytes:
    """The bytes of an entry: compact JSON, names sorted by code point (RFC 8785, for names within U+FFFF).

    ``data`` holds digests and allow-listed fields, never bodies or secrets; a decimal becomes its plain text.

    Errors: ``TypeError`` for a float or anything else that has no one canonical form.
    """
    body = {
        "id": id,
        "tenant": tenant,
        "type": type.value,
        "at": at,
        "actor": actor,
        "agent_id": agent_id,
        "intent_id": intent_id,
        "data": _checked(data),
    }
    # rfc8785 takes 41 µs for what this does in 1.
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


_PLAIN = frozenset({str, bool, type(None)})


def _checked(value: Any) -> Any:
    if type(value) in _PLAIN:  # nearly all of an entry: to ask first for a Mapping is most of its cost
        return value
    if isinstance(value, Mapping):
        return {name: _checked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_checked(item) for item in value]
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, int) and abs(value) > 2**53:
        raise TypeError("an integer beyond 2**53 is not exact in JSON; write it as text")
    if value is None or isinstance(value, (str, bool, int)):
        return value
    raise TypeError(f"an entry cannot hold a {type(value).__name__}")


def leaf_hash(body: bytes) -> bytes:
    """32-byte RFC 6962 leaf hash: SHA-256 of 0x00 and the body."""
    return hashlib.sha256(b"\x00" + body).digest()


def chain_hash(previous: bytes, leaf: bytes) -> bytes:
    """32-byte link: SHA-256 of 0x02, the link before and the leaf; 0x00 and 0x01 are the tree's."""
    return hashlib.sha256(b"\x02" + previous + leaf).digest()
