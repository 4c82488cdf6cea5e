"""The law of policies a second time, as plainly as it can be written, and generators of rules and subjects to hold
both against each other.

It reads the rules as the data that a file holds, not as the kernel compiled them, and shares no code with it: fields
and operators are written out again, conditions are walked over, every rule is asked in turn.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.document import Document
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier

type Answer = bool | None

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How laws are tried: how long one takes is the machine's affair."""

RISK = 48
NOTHING, OPEN = "not declared", "cannot be told"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


# the law


@dataclass
class Found:
    """What a rule set says of one subject, in names."""

    rule: str | None = None
    determined: bool = True
    flags: list[str] = field(default_factory=list)
    shadow: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)


def naive(pages: Sequence[Document], intent: Intent, facts: Facts) -> Found:
    """Every rule in order, one after the other, until one decides."""
    ranks = ["deny", "rate_limit", "escalate", "require_approval", "flag", "allow"]
    rows = [
        (rule, ZoneInfo(page.data.get("timezone", "UTC"))) for page in pages for rule in page.data["rules"]
    ]
    rows.sort(
        key=lambda row: (-row[0].get("priority", 0), ranks.index(row[0]["then"]["action"]), row[0]["id"])
    )
    found = Found()
    for rule, tz in rows:
        if not rule.get("enabled", True) or not _in_force(rule, facts.now):
            continue
        asked = Asked(intent, facts, tz, rule, found.counted)
        action, limit = rule["then"]["action"], rule["then"].get("limit")
        held = asked.all(rule["when"])
        if held is False:
            continue
        if action == "allow" and held is None:
            if not rule.get("shadow"):
                found.passed.append(rule["id"])
            continue
        if action == "rate_limit" and limit is not None:
            count = asked.rate()
            if isinstance(count, int) and count <= limit:
                continue
        if rule.get("shadow"):
            found.shadow.append(rule["id"])
        elif action == "flag":
            found.flags.append(rule["id"])
        else:
            found.rule, found.determined = rule["id"], held is True
            break
    return found


def _in_force(rule: Mapping[str, Any], now: datetime) -> bool:
    start, end = rule.get("valid_from"), rule.get("valid_until")
    if start and now < datetime.fromisoformat(start):
        return False
    return not (end and now >= datetime.fromisoformat(end))


@dataclass
class Asked:
    """One rule's conditions, asked about one subject."""

    intent: Intent
    facts: Facts
    tz: ZoneInfo
    rule: Mapping[str, Any]
    counted: list[str]

    def rate(self) -> Any:
        if self.facts.rate is None:
            return OPEN
        self.counted.append(self.rule["id"])
        return self.facts.rate(self.rule["id"], int(self.rule["then"].get("window", "60s")[:-1]))

    def holds(self, condition: Any) -> Answer:
        if isinstance(condition, list):
            return self.all(condition)
        if "all" in condition:
            return self.all(condition["all"])
        if "any" in condition:
            return self.any(condition["any"])
        if "not" in condition:
            inner = self.holds(condition["not"])
            return None if inner is None else not inner
        return self.test(condition)

    def all(self, conditions: Any) -> Answer:
        answers: list[Answer] = []
        for condition in sorted(parts(conditions), key=counts):
            answers.append(self.holds(condition))
            if answers[-1] is False:
                return False
        return None if None in answers else True

    def any(self, conditions: Any) -> Answer:
        answers: list[Answer] = []
        for condition in sorted(conditions, key=counts):
            answers.append(self.holds(condition))
            if answers[-1] is True:
                return True
        return None if None in answers else False

    def test(self, one: Mapping[str, Any]) -> Answer:
        name, word, wanted = one["field"], one["operator"], one.get("value")
        value = self.value(name)
        if word in ("exists", "not_exists"):
            return self._presence(name, value, word)
        if value == NOTHING and not (self._is_money(name, word) and "currency" not in one):
            return False
        if "currency" in one:
            if value == OPEN or self._currency(name) != one["currency"]:
                return None
        elif self._is_money(name, word):
            return None
        return None if value == OPEN else compare(word, value, wanted, self.tz)

    def _presence(self, name: str, value: Any, word: str) -> Answer:
        short = name.removeprefix("parameters.")
        top = short.split(".")[0]
        hidden = (
            str(self.intent.parameters.get(top, "")).startswith("[redacted ") and top in self.intent.redacted
        )
        if hidden and value == OPEN and self._may_be_parameter(name):
            if "." in short:
                return None
            return word == "exists"
        there = value not in (NOTHING, OPEN) if isinstance(value, str) else True
        return there if word == "exists" else not there

    def _may_be_parameter(self, name: str) -> bool:
        return name.startswith("parameters.") or name in BARE_PARAMETERS

    def _is_money(self, name: str, word: str) -> bool:
        """A parameter that is money, compared with a number that names no currency."""
        short = name.removeprefix("parameters.")
        return (
            self._may_be_parameter(name)
            and word not in ("contains", "matches", "time_between", "exists", "not_exists")
            and short in self.intent.money
            and short in self.intent.parameters
        )

    def _currency(self, name: str) -> Any:
        if name == "cost_impact":
            return self.intent.cost.currency.upper() if self.intent.cost else None
        holder = self.intent.money.get(name.removeprefix("parameters."), "currency")
        code = self.intent.parameters.get(holder)
        if code is None and re.fullmatch("[A-Z]{3}", holder):
            code = holder
        return code.upper() if isinstance(code, str) else None

    def value(self, name: str) -> Any:
        """The value, ``NOTHING`` or ``OPEN``."""
        intent, facts = self.intent, self.facts
        known: dict[str, Any] = {
            "action": intent.action,
            "action_type": intent.action,
            "action.effect": str(intent.effect),
            "action.mapped": intent.mapping is not None,
            "action.blast_radius": intent.blast_radius,
            "target": intent.target,
            "agent.name": facts.agent.name,
            "agent_id": facts.agent.name,
            "agent.type": facts.agent.type,
            "agent.trust_score": Decimal(str(facts.agent.trust)),
            "trust_score": Decimal(str(facts.agent.trust)),
            "agent.environment": facts.agent.environment,
            "risk_score": RISK,
            "retry_count": facts.retry_count,
            "context.timestamp": facts.now.isoformat(),
            "target.host": facts.request.get("host"),
            "request.method": facts.request.get("method"),
            "request.port": facts.request.get("port"),
        }
        if name in known:
            return NOTHING if known[name] is None else known[name]
        if name == "rate":
            return self.rate()
        if name == "time_of_day":
            return f"{facts.now.astimezone(self.tz):%H:%M}"
        if name == "day_of_week":
            return DAYS[facts.now.astimezone(self.tz).weekday()]
        if name == "cost_impact":
            if intent.cost is None:
                return OPEN if intent.effect is Effect.SPEND else NOTHING
            return intent.cost.amount
        if name == "environment":
            label = facts.environment or facts.agent.environment
            found = label or self._bare("environment")
            return OPEN if found == NOTHING else found
        if name.startswith("context.claimed."):
            return walk(facts.claimed, name.split(".")[2:])
        if name.startswith("context."):
            return walk(facts.context, name.split(".")[1:])
        return self._parameter(name[11:]) if name.startswith("parameters.") else self._bare(name)

    def _bare(self, name: str) -> Any:
        found = self._parameter(name)
        return walk(self.facts.context, name.split(".")) if found == NOTHING else found

    def _parameter(self, name: str) -> Any:
        top, *rest = name.split(".")
        value = self.intent.parameters.get(top)
        hidden = top in self.intent.redacted and str(value).startswith("[redacted ")
        if value is None or hidden:
            return OPEN if hidden or top in self.intent.undetermined else NOTHING
        return walk(value, rest)


def parts(conditions: Any) -> list[Any]:
    """Everything that must hold, groups within groups too: what asks how many calls there were comes after them all."""
    found: list[Any] = []
    for condition in conditions:
        inner = condition if isinstance(condition, list) else condition.get("all")
        found += [condition] if inner is None else parts(inner)
    return found


def counts(condition: Any) -> bool:
    """Whether a condition asks how many calls there were: those are asked last."""
    if isinstance(condition, list):
        return any(counts(part) for part in condition)
    if "field" in condition:
        return bool(condition["field"] == "rate")
    return any(counts(part) for part in condition.values())


def walk(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if value is None:
            return NOTHING
        if not isinstance(value, Mapping):
            return OPEN
        value = value.get(step)
    return NOTHING if value is None else value


def compare(word: str, value: Any, wanted: Any, tz: ZoneInfo) -> Answer:
    """One operator on a value that is there."""
    if word in ("equals", "not_equals"):
        same = alike(value, wanted)
        return same if word == "equals" or same is None else not same
    if word in ("in", "not_in"):
        answers = [alike(value, item) for item in wanted]
        if None in answers:
            return None
        return (True in answers) is (word == "in")
    if word == "contains":
        if isinstance(value, str):
            return wanted in value if isinstance(wanted, str) else None
        if not isinstance(value, (list, tuple)):
            return None
        answers = [alike(item, wanted) for item in value]
        return True if True in answers else None if None in answers else False
    if word == "matches":
        return re.search(wanted, value) is not None if isinstance(value, str) else None
    if word == "time_between":
        clock = of_day(value, tz)
        if clock is None:
            return None
        start, end = wanted
        return start <= clock <= end if start <= end else clock >= start or clock <= end
    if not numeric(value):
        return None
    if word == "between":
        return bool(wanted[0] <= value <= wanted[1])
    return {
        "gt": value > wanted, "lt": value < wanted, "gte": value >= wanted, "lte": value <= wanted
    }[word]  # fmt: skip


def numeric(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def alike(value: Any, wanted: Any) -> Answer:
    """Equal; None when the one cannot be compared with the other."""
    kinds = [
        "number"
        if numeric(item)
        else "text"
        if isinstance(item, str)
        else "bool"
        if isinstance(item, bool)
        else item
        for item in (value, wanted)
    ]
    if kinds[1] not in ("number", "text", "bool") or kinds[0] != kinds[1]:
        return None
    return bool(value == wanted)


def of_day(value: Any, tz: ZoneInfo) -> str | None:
    """``HH:MM`` on the clock of a zone."""
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"\d\d:\d\d", value):
        return value if value < "24:00" and value[3:] < "60" else None
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return None
    at = datetime.fromisoformat(value)
    return f"{at.astimezone(tz) if at.tzinfo else at:%H:%M}"


# rules

ACTIONS = ["a", "b", "c"]
BARE_PARAMETERS = {"n", "s", "amount", "b", "l", "m", "t", "m.k"}
NUMBERS = [0, 5, 7, Decimal("5.5")]
TEXTS = ["x", "xy", "y", "09:30"]
ZONES = ["UTC", "Europe/Vienna", "America/New_York"]


def numbers(*names: str, among: Sequence[Any] = NUMBERS) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        leaf,
        st.sampled_from(names),
        st.sampled_from(["gt", "lt", "gte", "lte", "equals", "not_equals"]),
        st.sampled_from(list(among)),
    ) | st.builds(
        lambda name, word, low, high: leaf(
            name, word, sorted([low, high]) if word == "between" else [low, high]
        ),
        st.sampled_from(names),
        st.sampled_from(["between", "in", "not_in"]),
        st.sampled_from(list(among)),
        st.sampled_from(list(among)),
    )


def texts(*names: str, among: Sequence[str] = TEXTS) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        leaf,
        st.sampled_from(names),
        st.sampled_from(["equals", "not_equals", "contains", "matches"]),
        st.sampled_from(list(among)),
    ) | st.builds(
        leaf,
        st.sampled_from(names),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(list(among)), min_size=1, max_size=2),
    )


def leaf(name: str, word: str, value: Any = None) -> dict[str, Any]:
    given = {"field": name, "operator": word}
    return given if word in ("exists", "not_exists") else {**given, "value": value}


HOURS = st.builds(
    leaf,
    st.sampled_from(["time_of_day", "context.timestamp", "parameters.t", "t", "s"]),
    st.just("time_between"),
    st.sampled_from([["09:00", "17:00"], ["18:00", "08:00"], ["02:00", "03:00"], ["09:30", "09:30"]]),
)
MONEY = st.builds(
    lambda one, currency: {**one, "currency": currency},
    numbers("parameters.amount", "amount", "cost_impact"),
    st.sampled_from(["EUR", "USD"]),
)
PRESENT = ["parameters.n", "s", "parameters.m", "parameters.m.k", "environment", "region", "target.host"]
LEAVES = st.one_of(
    texts("action", "action_type", among=ACTIONS),
    texts("parameters.s", "s", "parameters.m.k", "m.k", "context.region", "region", "context.claimed.s"),
    numbers("parameters.n", "n", "parameters.amount", "cost_impact", "parameters.b", "parameters.l", "parameters.s"),
    numbers("trust_score", "risk_score", "retry_count", "action.blast_radius", "request.port", among=[5, 48, 50]),
    numbers("rate", among=[1, 5, 100]),
    MONEY,
    HOURS,
    texts("environment", "agent.environment", among=["production", "x"]),
    texts("agent_id", "agent.name", "target.host", "request.method", "target", among=["bot", "h", "x"]),
    st.builds(leaf, st.just("parameters.l"), st.just("contains"), st.sampled_from(["x", 5, True])),
    st.builds(leaf, st.just("day_of_week"), st.just("in"), st.lists(st.sampled_from(DAYS), min_size=1, max_size=3)),
    st.builds(leaf, st.sampled_from(["parameters.b", "action.mapped"]), st.just("equals"), st.booleans()),
    st.builds(
        leaf,
        st.sampled_from(PRESENT),
        st.sampled_from(["exists", "not_exists"]),
    ),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)
BOUND = st.builds(leaf, st.just("action"), st.just("equals"), st.sampled_from(ACTIONS)) | st.builds(
    leaf, st.just("action"), st.just("in"), st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2)
)


def bound(chance: random.Random) -> list[dict[str, Any]]:
    """Sometimes the one action that a rule is about."""
    return [leaf("action", "equals", chance.choice(ACTIONS))] if chance.random() < 0.6 else []


WHEN = st.builds(
    lambda bound, trees: [*bound, *trees],
    st.lists(BOUND, max_size=1),
    st.lists(TREES, min_size=1, max_size=3),
)
NOW = datetime(2026, 3, 25, 10, tzinfo=UTC)


@st.composite
def rules(draw: st.DrawFn, at: int) -> dict[str, Any]:
    """One rule as a file holds it."""
    action = draw(st.sampled_from(["allow", "deny", "require_approval", "escalate", "flag", "rate_limit"]))
    when = draw(WHEN) if draw(st.integers(0, 15)) else draw(st.lists(BOUND, max_size=1))
    then: dict[str, Any] = {"action": action}
    if action == "rate_limit" and (draw(st.booleans()) or not counts(when)):
        then["limit"] = draw(st.sampled_from([0, 1, 5, 100]))
    if ("limit" in then or counts(when)) and draw(st.booleans()):
        then["window"] = draw(st.sampled_from(["30s", "60s", "600s"]))
    if action in ("allow", "require_approval", "escalate") and draw(st.booleans()):
        then["tier"] = draw(st.sampled_from(["T0", "T1", "T2", "T3"]))
        then["may_lower"] = draw(st.booleans())
    rule: dict[str, Any] = {"id": f"r{at}", "priority": draw(st.integers(0, 3)), "when": when, "then": then}
    for key, odds in (("shadow", 6), ("enabled", 8)):
        if draw(st.integers(0, odds)) == 0:
            rule[key] = key == "shadow"
    start, end = draw(
        st.sampled_from([(None, None)] * 4 + [(NOW, None), (None, NOW), (NOW, NOW + timedelta(days=9))])
    )
    return (
        rule
        | ({"valid_from": start.isoformat()} if start else {})
        | ({"valid_until": end.isoformat()} if end else {})
    )


@st.composite
def pages(draw: st.DrawFn, most: int = 16) -> list[Document]:
    """Up to three files, each with its own time zone."""
    count = draw(st.integers(0, most))
    made = [draw(rules(at)) for at in range(count)]
    cut = sorted([draw(st.integers(0, count)), draw(st.integers(0, count))])
    return [
        page(part, timezone=draw(st.sampled_from(ZONES)), name=f"p{i}")
        for i, part in enumerate((made[: cut[0]], made[cut[0] : cut[1]], made[cut[1] :]))
    ]


def page(
    made: Sequence[Mapping[str, Any]], *, timezone: str = "UTC", name: str = "p", **keys: Any
) -> Document:
    """Rules as one document."""
    head = {"apiVersion": "vienna/v1", "kind": "Rules", "id": name, "timezone": timezone}
    return Document(f"{name}.yaml", {**head, **keys, "rules": list(made)}, {})


# subjects

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.sampled_from([*NUMBERS, 6, "5", True, Decimal("NaN")]),
    "s": st.sampled_from([*TEXTS, "", "X", 5, None]),
    "b": st.booleans(),
    "l": st.sampled_from([[], ["x"], ["y", 5], [True], [None]]),
    "m": st.sampled_from([{"k": "x"}, {"k": 5}, {}, {"k": None}, "x"]),
    "t": st.sampled_from(["09:30", "2026-03-29T01:30:00Z", "2026-10-25T02:30:00", "2026-03-25", "soon"]),
    "amount": st.sampled_from([*NUMBERS, "5"]),
    "currency": st.sampled_from(["EUR", "eur", "USD", 5]),
    "environment": st.sampled_from(["production", "x"]),
}


@st.composite
def intents(draw: st.DrawFn) -> Intent:
    there = draw(st.sets(st.sampled_from(list(VALUES))))
    parameters = {name: draw(VALUES[name]) for name in sorted(there)}
    missing = sorted(name for name in [*VALUES, "z"] if parameters.get(name) is None)
    left_out = draw(st.sampled_from([missing, missing, []]) | st.lists(st.sampled_from(missing)))
    cost = draw(st.sampled_from([None, Cost(Decimal(5), "EUR"), Cost(Decimal(7), "usd")]))
    intent = Intent(
        action=draw(st.sampled_from([*ACTIONS, "z"])),
        target=draw(st.sampled_from(["x", "h"])),
        parameters=parameters,
        effect=draw(st.sampled_from([Effect.WRITE, Effect.SPEND, Effect.READ])),
        reversibility=Reversibility.REVERSIBLE,
        default_tier=draw(st.sampled_from(list(Tier))),
        undetermined=frozenset(left_out),
        money=draw(st.sampled_from([{}, {"amount": "currency"}, {"amount": "EUR"}, {"s": "currency"}])),
        redacted=frozenset(draw(st.sets(st.sampled_from(["s", "m", "amount", "currency"]), max_size=1))),
        cost=cost,
        blast_radius=draw(st.sampled_from([1, 5, 50])),
        mapping=draw(st.sampled_from([None, "m@1"])),
    )
    return intent.redact(b"key") if draw(st.booleans()) else intent


INSTANTS = [
    NOW,
    NOW - timedelta(minutes=1),
    NOW + timedelta(hours=9, minutes=30),
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # the hour that summer time leaves out, in Vienna
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # the hour that comes twice
    datetime(2026, 3, 27, 23, 30, tzinfo=UTC),  # Friday, and Saturday in Vienna
]


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    agent = AgentFacts(
        id="agt-1",
        name=draw(st.sampled_from(["bot", "x"])),
        trust=draw(st.sampled_from([0.0, 5.0, 50.0, 100.0])),
        environment=draw(st.sampled_from([None, "production"])),
    )
    rate = draw(st.sampled_from([None, 0, 1, 5, 6, 101]))
    return Facts(
        agent=agent,
        now=draw(st.sampled_from(INSTANTS)),
        request=draw(st.sampled_from([{}, {"host": "h", "method": "x", "port": 5}, {"host": "x"}])),
        context=draw(
            st.sampled_from([{}, {"region": "x"}, {"region": {"k": "x"}, "s": "y", "m": {"k": "y"}}])
        ),
        claimed=draw(st.sampled_from([{}, {"s": "x"}])),
        rate=None if rate is None else lambda _rule, window, rate=rate: rate + (window == 600),
        retry_count=draw(st.sampled_from([0, 5, 50])),
        environment=draw(st.sampled_from([None, None, "x"])),
    )


SUBJECTS = st.lists(st.tuples(intents(), facts()), min_size=1, max_size=4)
