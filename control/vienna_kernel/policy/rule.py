"""One rule of a policy: when it holds and what follows.

``RuleShape`` is the one stored shape, the same in a policy file and in the database; ``Rule`` is that shape read:
conditions as a tree, durations as seconds, times as instants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from vienna_kernel.approval.moves import OnTimeout
from vienna_kernel.budget.definition import Budget
from vienna_kernel.document import Document, Path
from vienna_kernel.duration import Duration
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.policy import condition
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.condition import Leaf, Node, leaves
from vienna_kernel.value import Value

type Action = Literal["deny", "rate_limit", "escalate", "require_approval", "flag", "allow"]

STRICTNESS: dict[str, int] = {
    "deny": 0,
    "rate_limit": 1,
    "escalate": 2,
    "require_approval": 3,
    "flag": 4,
    "allow": 5,
}
"""Order among rules of equal priority: the stricter first."""

_LETS_GO = ("require_approval", "escalate", "allow")
_MINUTE = 60


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("expected a time with its offset, such as 2026-03-25T10:00:00Z")
    return value


type Instant = Annotated[datetime, BeforeValidator(_instant)]
type TierName = Annotated[Tier, Field(strict=False)]
type Word = Annotated[str, Field(min_length=1, max_length=200)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ApprovalsShape(_Shape):
    """Who is asked; see ``approval.Requirements``. It adds to what the tier asks."""

    count: int | None = Field(None, ge=1, le=5)
    groups: list[Word] = Field([], max_length=20)
    roles: list[Word] = Field([], max_length=5)
    people: list[Word] = Field([], max_length=5)
    mfa: bool = False
    justification: bool = False
    rollback_plan: bool = False
    executive: bool = False
    timeout: Duration | None = None
    on_timeout: OnTimeout | None = None
    redeem_within: Duration | None = None
    page: Literal["now", "morning"] | None = None


class ThenShape(_Shape):
    """What follows when the rule holds.

    Attributes:
        reason: Shown to the agent and to people.
        tier: Raises the tier; lowers it only with ``may_lower``.
        limit: For ``rate_limit``: so many calls in ``window`` go on, more are refused.
        warrant_ttl: Shortens a warrant's life, never lengthens it.
    """

    action: Action
    reason: str = Field("", max_length=300)
    tier: TierName | None = None
    may_lower: bool = False
    approvals: ApprovalsShape | None = None
    warrant_ttl: Duration | None = None
    limit: int | None = Field(None, ge=0)
    window: Duration | None = None

    @model_validator(mode="after")
    def _fits(self) -> ThenShape:
        if self.action not in _LETS_GO:
            for name in ("approvals", "warrant_ttl"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} does not fit the action {self.action}")
        if self.action != "rate_limit" and self.limit is not None:
            raise ValueError(f"limit does not fit the action {self.action}")
        if self.action == "flag" and self.tier is not None:
            raise ValueError("tier does not fit the action flag, which decides nothing")
        if self.may_lower and self.tier is None:
            raise ValueError("may_lower needs the tier that it lowers to")
        return self


class LimitsShape(_Shape):
    """The budgets that a rule books on when it decides.

    Attributes:
        budget: Defined here; other rules may name it.
        budgets: Names of budgets that are defined elsewhere.
    """

    budget: Budget | None = None
    budgets: list[Word] = Field([], max_length=5)

    @property
    def names(self) -> tuple[str, ...]:
        """Each once, the own first."""
        own = [self.budget.name] if self.budget else []
        return tuple(dict.fromkeys([*own, *self.budgets]))


class RuleShape(_Shape):
    """The stored shape of a rule; ``when`` is read by ``condition``.

    Attributes:
        timezone: IANA name, of its times of day; None: that of its page.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    name: str = Field("", max_length=200)
    description: str = Field("", max_length=2000)
    priority: int = Field(0, ge=-1_000_000, le=1_000_000)
    enabled: bool = True
    when: Any
    then: ThenShape
    limits: LimitsShape | None = None
    shadow: bool = False
    tags: list[Word] = Field([], max_length=50)
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    timezone: str | None = Field(None, max_length=64)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name

    @model_validator(mode="after")
    def _order(self) -> RuleShape:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until is not after valid_from")
        if self.limits is not None and self.then.action not in _LETS_GO:
            raise ValueError(f"limits do not fit the action {self.then.action}, which lets nothing go")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule as it is evaluated.

    Attributes:
        tree: Its conditions.
        actions: The only actions it can hold for; None: any.
        tz: Time zone of its times of day.
        source: File name, or ``api``.
        where: Its place, as errors and warnings name it.
        data: The stored shape, as plain values.
        document: What it was read from.
    """

    shape: RuleShape
    tree: Node
    actions: frozenset[str] | None
    tz: tzinfo
    source: str
    where: str
    data: Mapping[str, Value]
    document: Document

    @property
    def id(self) -> str:
        return self.shape.id

    @property
    def name(self) -> str:
        return self.shape.name or self.shape.id

    @property
    def priority(self) -> int:
        return self.shape.priority

    @property
    def action(self) -> Action:
        return self.shape.then.action

    @property
    def budgets(self) -> tuple[str, ...]:
        """Names of the budgets that it books on."""
        return self.shape.limits.names if self.shape.limits else ()

    @property
    def window_seconds(self) -> int:
        return self.shape.then.window or _MINUTE

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts rules into the order in which they are asked."""
        return -self.priority, STRICTNESS[self.action], self.id

    def place(self, leaf: Leaf) -> str:
        """Where one of its conditions stands."""
        return self.document.where(leaf.path)

    def valid_at(self, now: datetime) -> bool:
        """Whether the instant is within ``valid_from`` (inclusive) and ``valid_until`` (exclusive)."""
        start, end = self.shape.valid_from, self.shape.valid_until
        return (start is None or start <= now) and (end is None or now < end)


def build(
    shape: RuleShape, data: Mapping[str, Any], *, document: Document, path: Path, tz: tzinfo, source: str
) -> tuple[Rule, list[MalformedError]]:
    """A rule of its shape, with every complaint about what pydantic cannot see. ``tz``: where it names none."""
    tz = zone(shape.timezone) if shape.timezone else tz
    reader = condition.Reader(rule_id=shape.id, window_seconds=shape.then.window or _MINUTE, tz=tz)
    tree = reader.read(shape.when, (*path, "when"))
    complaints = [MalformedError(document.where(place), why) for place, why in reader.complaints]
    counts = any(leaf.field.name == "rate" for leaf in leaves(tree))
    if shape.then.action == "rate_limit" and not counts and shape.then.limit is None and not complaints:
        why = "rate_limit needs a condition on 'rate', or a 'limit'"
        complaints.append(MalformedError(document.where((*path, "then")), why))
    if shape.then.window is not None and not counts and shape.then.limit is None:
        why = "a window needs a condition on 'rate', or a 'limit'"
        complaints.append(MalformedError(document.where((*path, "then", "window")), why))
    where = document.where((*path, "id"))
    return Rule(shape, tree, condition.actions_of(tree), tz, source, where, data, document), complaints
