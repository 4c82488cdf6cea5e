"""Keys of filters: which there are on each screen, and what may stand behind the colon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from vienna_kernel import duration
from vienna_kernel.approval.moves import Status as ApprovalStatus
from vienna_kernel.document import nearest
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Grade, Status

type Screen = Literal["traffic", "inbox", "audit"]
type Kind = Literal["name", "choice", "instant", "duration"]

SCREENS: tuple[Screen, ...] = ("traffic", "inbox", "audit")
UNMAPPED = "unmapped"
_NONE: Mapping[str, str] = MappingProxyType({})
MAX_VALUE = 300
"""Characters behind a colon."""

_LONGEST_SECONDS = 3660 * 86400
_INSTANT = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What stands before a colon.

    Attributes:
        says: What it asks, for people.
        values: Of a choice: all of them.
        also: Of a choice: other words for some of them, as people see them in the rows.
        example: A value.
        alone: It stands by itself or beside others, never under ``or``, ``not`` or a minus.
    """

    name: str
    kind: Kind
    says: str
    example: str
    values: tuple[str, ...] = ()
    also: Mapping[str, str] = _NONE
    alone: bool = False

    def value(self, text: str) -> str:
        """The one spelling of a value: of a choice its own letters, of an instant UTC with milliseconds.

        Errors: ``ValueError``, with what was expected and what came.
        """
        if not 0 < len(text) <= MAX_VALUE:
            raise ValueError(f"{self.name}: expects 1 to {MAX_VALUE} characters")
        match self.kind:
            case "choice":
                return self._chosen(text)
            case "instant":
                return self._instant(text)
            case "duration":
                return self._duration(text)
        return text

    def _chosen(self, text: str) -> str:
        known = {value.lower(): value for value in self.values} | dict(self.also)
        word = text.lower().replace(" ", "_")
        if word not in known:
            raise ValueError(f"{self.name}: has no value {text!r}{nearest(text, list(self.values))}")
        return known[word]

    def _instant(self, text: str) -> str:
        try:
            if not _INSTANT.match(text):
                raise ValueError
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(
                f"{self.name}: expects a day or an instant, 2026-11-20 or 2026-11-20T14:00:00Z, got {text!r}"
            ) from None
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _duration(self, text: str) -> str:
        try:
            total = duration.seconds(text)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        if total > _LONGEST_SECONDS:
            raise ValueError(f"{self.name}: expects at most {duration.text(_LONGEST_SECONDS)}, got {text!r}")
        return duration.text(total)


def _name(name: str, says: str, example: str) -> Key:
    return Key(name=name, kind="name", says=says, example=example)


def _choice(name: str, says: str, *values: str, alone: bool = False, also: Mapping[str, str] = _NONE) -> Key:
    return Key(name=name, kind="choice", says=says, example=values[0], values=values, also=also, alone=alone)


_AGENT = _name("agent", "name or id of the agent", "billing-bot")
_ACTION = _name("action", "what the call means", "payments.*")
_HOST = _name("host", "where it goes, or a name that stands in it", "stripe")
_TARGET = _name("target", "what it is done to", "stripe:charge/*")
_TIER = _choice("tier", "how much consent it needs", *(tier.value for tier in Tier))
_RULE = _name("rule", "id of the rule that decided", "refund-ceiling")
_VERDICTS = ("allow", "hold", "deny")
_SHOWN = {"allowed": "allow", "held": "hold", "refused": "deny"}
_SPAN = (
    Key(name="after", kind="instant", says="not earlier than", example="2026-11-20"),
    Key(name="before", kind="instant", says="earlier than", example="2026-11-21T08:00:00Z"),
    Key(name="since", kind="duration", says="not longer ago than", example="15m"),
)

_TRAFFIC = (
    _AGENT,
    _HOST,
    _ACTION,
    _TARGET,
    _TIER,
    _choice("verdict", "what was decided: let go, people were asked, or refused", *_VERDICTS, also=_SHOWN),
    _choice(
        "status",
        "where it stands",
        *(status.value for status in Status),
        also={"held": Status.PENDING_APPROVAL.value},
    ),
    _choice("grade", "how it is known; or that no mapping reads it", *(one.value for one in Grade), UNMAPPED),
    _name("method", "of the request", "POST"),
    _name("path", "of the request, without its query", "/v1/refunds"),
    _RULE,
    _name("reason", "code of why it was refused", "policy_denied"),
    _choice("would", "what would have been, had it not been only watched", *_VERDICTS, also=_SHOWN),
    _name("id", "of the intent", "int-0197*"),
    _choice("simulation", "whether it was only simulated", "yes", "no"),
    *_SPAN,
)
_INBOX = (
    _AGENT,
    _HOST,
    _ACTION,
    _TARGET,
    _TIER,
    _choice(
        "status",
        "where it stands",
        *(status.value for status in ApprovalStatus),
        also={"lapsed": ApprovalStatus.EXPIRED.value},
    ),
    _RULE,
    _choice("waiting", "whether the agent is still on the line", "yes", "no"),
    _choice("mine", "what waits for you, and you may decide", "yes", alone=True),
    _name("id", "of the approval", "apr-0197*"),
    *_SPAN,
)
_AUDIT = (
    _choice("type", "of the entry", *(one.value for one in EntryType)),
    _name("agent", "id of the agent", "agt-0197*"),
    _name("actor", "who did it", "operator:*"),
    _name("intent", "id of the intent", "int-0197*"),
    _ACTION,
    _TIER,
    *_SPAN,
)

KEYS: Mapping[Screen, Mapping[str, Key]] = {
    screen: {key.name: key for key in keys}
    for screen, keys in zip(SCREENS, (_TRAFFIC, _INBOX, _AUDIT), strict=True)
}
"""Keys by name, of each screen, in the order in which people are told of them."""

PARAMETERS: frozenset[Screen] = frozenset({"traffic"})
"""Screens that know ``~name text``."""
