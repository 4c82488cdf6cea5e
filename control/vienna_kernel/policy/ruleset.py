"""A bundle's rules: read as one, indexed by action, first match by priority.

1. Higher priority first; equal priority: the stricter first, then the id.
2. The first rule that holds decides, but ``flag`` and a ``rate_limit`` within its limit are noted and passed.
3. Undetermined conditions: a rule that would allow does not hold, every other does.
4. A shadow rule is evaluated and recorded, never enforced. Nothing held: the bundle's default.
5. The rule that decides books on its budgets (``limits``); no other rule does, whatever it noted.
6. One wrong rule and there is no rule set: ``compile`` raises with every complaint and its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vienna_kernel.budget.definition import Budget
from vienna_kernel.document import Document, DocumentError, Path, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy import limits
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.condition import fits, leaves
from vienna_kernel.policy.index import RuleIndex
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.rule import Rule, RuleShape, build
from vienna_kernel.policy.subject import Subject
from vienna_kernel.value import digest, unpack

type Default = Literal["deny", "allow"]


class _Parameter(Protocol):
    @property
    def schema(self) -> Mapping[str, Any]: ...


class ActionShape(Protocol):
    """What this module needs of an ``action.ActionType``."""

    @property
    def parameters(self) -> Mapping[str, _Parameter]: ...

    @property
    def redacted(self) -> frozenset[str]: ...


class RulesDocument(BaseModel):
    """``kind: Rules``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Rules"]
    id: str
    description: str = ""
    timezone: str = "UTC"
    default: Default | None = None
    budgets: list[Budget] = Field([], max_length=100)
    rules: list[RuleShape]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name


@dataclass(frozen=True, slots=True)
class Match:
    """What the rules say of one subject.

    Attributes:
        rule: The rule that decides; None: the default does.
        determined: False when the rule holds only because something could not be told.
        flags: Rules that noted it.
        shadow: Rules that would have decided, were they enforced.
        evaluated: How many rules were asked.
    """

    rule: Rule | None
    determined: bool = True
    flags: tuple[Rule, ...] = ()
    shadow: tuple[Rule, ...] = ()
    evaluated: int = 0


class RuleSet:
    """The rules of one bundle.

    Attributes:
        rules: All of them in order, those that are not enabled too.
        default: What follows when none holds.
        budgets: By name, every one that is defined.
        digest: ``sha256:…`` over rules, default and budgets.
        count: How many are enabled.
    """

    def __init__(
        self, rules: Iterable[Rule], *, default: Default = "deny", budgets: Mapping[str, Budget] | None = None
    ) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.order))
        self.default: Default = default
        enabled = [rule for rule in self.rules if rule.shape.enabled]
        self.count = len(enabled)
        self.budgets = dict(budgets or {})
        named = {name: budget.model_dump() for name, budget in sorted(self.budgets.items())}
        data = [dict(rule.data) for rule in self.rules]
        self.digest = digest({"default": default, "rules": data, **({"budgets": named} if named else {})})
        self._index = RuleIndex(enabled)

    @classmethod
    def compile(
        cls,
        documents: Sequence[Document],
        *,
        stored: Sequence[Mapping[str, Any]] = (),
        action_types: Mapping[str, ActionShape] | None = None,
        default: Default | None = None,
    ) -> RuleSet:
        """Read rule documents and the rules stored by API as one set.

        Args:
            stored: In the stored shape, as ``rule_api.rule_from_api`` gives it.
            action_types: Known ones; a condition on a parameter whose type does not fit is an error.
            default: Used when no document says; else ``deny``. Several documents: any ``deny`` wins.

        Errors: ``DocumentError`` with every complaint.
        """
        wrong: list[MalformedError] = []
        pages = _pages(documents, wrong)
        found = [placed for document, page in pages for placed in _rules_of(document, page, wrong)]
        tz = zone(pages[0][1].timezone) if pages else zone("UTC")
        found += [placed for data in stored for placed in _stored_rule(data, tz, wrong)]
        wrong += _twice(found) + _misfits(found, action_types or {})
        budgets, misnamed = limits.gather(found, _budgets(pages), action_types or {})
        wrong += misnamed
        if wrong:
            raise DocumentError(wrong)
        said = {page.default for _, page in pages if page.default}
        chosen: Default = "deny" if "deny" in said else "allow" if said else default or "deny"
        return cls((rule for _, _, rule in found), default=chosen, budgets=budgets)

    def evaluate(self, subject: Subject) -> Match:
        """The first rule that holds, and what was noted on the way."""
        noted: list[Rule] = []
        shadow: list[Rule] = []
        asked = 0
        for judge, decides, allows, rule in self._index.rows(subject.intent.action):
            asked += 1
            held = judge(subject)
            if held is False or (held is None and allows):
                continue
            if decides:
                return Match(rule, held is True, tuple(noted), tuple(shadow), asked)
            if not _within_limit(rule, subject):
                if not rule.shape.shadow:
                    return Match(rule, held is True, tuple(noted), tuple(shadow), asked)
                shadow.append(rule)
            elif rule.action == "flag":
                (shadow if rule.shape.shadow else noted).append(rule)
        return Match(None, True, tuple(noted), tuple(shadow), asked)


def _within_limit(rule: Rule, subject: Subject) -> bool:
    """Whether evaluation goes on after this rule held."""
    if rule.action == "flag":
        return True
    if rule.action != "rate_limit" or rule.shape.then.limit is None:
        return False
    count = subject.rate(rule.id, rule.window_seconds)
    return count is not None and count <= rule.shape.then.limit


def _pages(
    documents: Sequence[Document], wrong: list[MalformedError]
) -> list[tuple[Document, RulesDocument]]:
    pages = []
    for document in documents:
        try:
            pages.append((document, read(RulesDocument, document)))
        except DocumentError as error:
            wrong += error.errors
    return pages


def _budgets(pages: Sequence[tuple[Document, RulesDocument]]) -> list[limits.Defined]:
    return [
        (document, ("budgets", i), budget)
        for document, page in pages
        for i, budget in enumerate(page.budgets)
    ]


def _rules_of(
    document: Document, page: RulesDocument, wrong: list[MalformedError]
) -> Iterator[limits.Placed]:
    tz = zone(page.timezone)
    for i, shape in enumerate(page.rules):
        path: Path = ("rules", i)
        data = document.data["rules"][i]
        rule, complaints = build(shape, data, document=document, path=path, tz=tz, source=document.name)
        wrong += complaints
        yield document, path, rule


def _stored_rule(data: Mapping[str, Any], tz: tzinfo, wrong: list[MalformedError]) -> Iterator[limits.Placed]:
    document = _Stored(f"policy {data.get('id', '')}".rstrip(), unpack(dict(data)), {})
    try:
        yield document, (), read_stored(document, tz=tz)
    except DocumentError as error:
        wrong += error.errors


class _Stored(Document):
    """A rule that came by API: its places are JSON pointers."""

    def where(self, path: Path = ()) -> str:
        return f"{self.name} /" + "/".join(str(step) for step in path)


def read_stored(document: Document, *, tz: tzinfo) -> Rule:
    """One rule of a document that is a rule. Errors: ``DocumentError``."""
    shape = read(RuleShape, document)
    rule, wrong = build(shape, document.data, document=document, path=(), tz=tz, source="api")
    if wrong:
        raise DocumentError(wrong)
    return rule


def _twice(found: Sequence[limits.Placed]) -> list[MalformedError]:
    seen: dict[str, str] = {}
    wrong = []
    for document, path, rule in found:
        if rule.id in seen:
            where = document.where((*path, "id"))
            wrong.append(MalformedError(where, f"the rule id {rule.id!r} stands also at {seen[rule.id]}"))
        seen.setdefault(rule.id, document.where((*path, "id")))
    return wrong


_KINDS = {
    "string": Kind.TEXT,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOL,
    "array": Kind.LIST,
    "object": Kind.OBJECT,
}


def parameter_kind(rule: Rule, name: str, action_types: Mapping[str, ActionShape]) -> Kind:
    """What a parameter holds, when every action of the rule agrees on it; else ``ANY``."""
    kinds = set()
    for action in rule.actions or ():
        known = action_types[action].parameters.get(name) if action in action_types else None
        kinds.add(_kind(known.schema) if known else Kind.ANY)
    return kinds.pop() if len(kinds) == 1 else Kind.ANY


def _kind(schema: Mapping[str, Any]) -> Kind:
    word = schema.get("type")
    if word == "string" and schema.get("format") == "date-time":
        return Kind.TIME
    return _KINDS.get(word, Kind.ANY) if isinstance(word, str) else Kind.ANY


def _misfits(found: Sequence[limits.Placed], action_types: Mapping[str, ActionShape]) -> list[MalformedError]:
    wrong = []
    for document, _, rule in found:
        for leaf in leaves(rule.tree):
            if leaf.field.parameter is None or leaf.field.name.count(".") > 1:
                continue
            misfit = fits(leaf, parameter_kind(rule, leaf.field.parameter, action_types))
            if misfit:
                wrong.append(MalformedError(document.where(leaf.path), f"{leaf.field.name}: {misfit}"))
    return wrong
