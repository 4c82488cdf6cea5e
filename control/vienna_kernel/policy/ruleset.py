"""A bundle's rules: read as one, indexed by action, first match by priority.

1. Higher priority first; equal priority: the stricter first, then the id.
2. The first rule that holds decides, but ``flag`` and a ``rate_limit`` within its limit are noted and passed.
3. Undetermined conditions: a rule that would allow does not hold, every other does. What the allow would have asked
   of people is asked all the same (see ``decision.consent``): leaving a field out never makes things easier.
4. A shadow rule is evaluated and recorded, never enforced. Nothing held: the bundle's default.
5. The rule that decides books on its budgets (``limits``); no other rule does, whatever it noted.
6. One wrong rule and there is no rule set: ``compile`` raises with every complaint and its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from vienna_kernel.action import ActionType
from vienna_kernel.budget.definition import Budget
from vienna_kernel.document import Document, DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy import expects, limits
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.environments import Environments
from vienna_kernel.policy.index import RuleIndex
from vienna_kernel.policy.kinds import ActionShape, misfits
from vienna_kernel.policy.page import (
    Default,
    budgets_of,
    expected_of,
    read_pages,
    rules_of,
    stored_rule,
    twice,
)
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.subject import Subject
from vienna_kernel.value import Value, digest

__all__ = ["ActionShape", "Default", "Match", "RuleSet"]


class Match(NamedTuple):
    """What the rules say of one subject.

    Attributes:
        rule: The rule that decides; None: the default does.
        determined: False when the rule holds only because something could not be told.
        flags: Rules that noted it.
        shadow: Rules that would have decided, were they enforced.
        evaluated: How many rules were asked.
        passed: Rules before it that would allow, had it been possible to tell.
    """

    rule: Rule | None
    determined: bool = True
    flags: tuple[Rule, ...] = ()
    shadow: tuple[Rule, ...] = ()
    evaluated: int = 0
    passed: tuple[Rule, ...] = ()


class RuleSet:
    """The rules of one bundle.

    Attributes:
        rules: All of them in order, those that are not enabled too.
        default: What follows when none holds.
        budgets: By name, every one that is defined.
        environments: Labels of targets.
        expected: By name, the actions that its pages are written for (see ``expects``).
        digest: ``sha256:…`` over rules, default, budgets and labels.
        count: How many are enabled.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        default: Default = "deny",
        budgets: Mapping[str, Budget] | None = None,
        expected: Mapping[str, ActionType] | None = None,
        environments: Environments | None = None,
    ) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.order))
        self.default: Default = default
        enabled = [rule for rule in self.rules if rule.shape.enabled]
        self.count = len(enabled)
        self.budgets = dict(budgets or {})
        self.expected = dict(expected or {})
        self.environments = environments or Environments()
        named = {name: budget.model_dump() for name, budget in sorted(self.budgets.items())}
        data = [dict(rule.data) for rule in self.rules]
        labels: list[Value] = [[label, patterns] for label, patterns in self.environments.data().items()]
        said: dict[str, Value] = {"default": default, "rules": data}
        said |= {"budgets": named} if named else {}
        said |= {"environments": labels} if labels else {}
        self.digest = digest(said)
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
        pages = read_pages(documents, wrong)
        found = [placed for document, page in pages for placed in rules_of(document, page, wrong)]
        tz = zone(pages[0][1].timezone) if pages else zone("UTC")
        found += [placed for data in stored for placed in stored_rule(data, tz, wrong)]
        expected, contrary = expects.gather(expected_of(pages))
        types = expects.with_expected(expected, action_types)
        budgets, misnamed = limits.gather(found, budgets_of(pages), types)
        wrong += [*twice(found), *contrary, *misfits(found, types), *misnamed]
        if wrong:
            raise DocumentError(wrong)
        said = {page.default for _, page in pages if page.default}
        chosen: Default = "deny" if "deny" in said else "allow" if said else default or "deny"
        return cls(
            (rule for _, _, rule in found),
            default=chosen,
            budgets=budgets,
            expected=expected,
            environments=Environments(page.environments for _, page in pages),
        )

    def evaluate(self, subject: Subject) -> Match:
        """The first rule that holds, and what was noted on the way."""
        noted: tuple[Rule, ...] = ()
        shadow: tuple[Rule, ...] = ()
        passed: tuple[Rule, ...] = ()
        asked = 0
        for _, judge, decides, allows, rule in self._index.rows(subject):
            asked += 1
            held = judge(subject)
            if held is False:
                continue
            if held is None and allows:
                if decides:
                    passed += (rule,)
            elif decides:
                return Match(rule, held is True, noted, shadow, asked, passed)
            elif not _within_limit(rule, subject):
                if not rule.shape.shadow:
                    return Match(rule, held is True, noted, shadow, asked, passed)
                shadow += (rule,)
            elif rule.action == "flag" and rule.shape.shadow:
                shadow += (rule,)
            elif rule.action == "flag":
                noted += (rule,)
        return Match(None, True, noted, shadow, asked, passed)


def _within_limit(rule: Rule, subject: Subject) -> bool:
    """Whether evaluation goes on after this rule held."""
    if rule.action == "flag":
        return True
    if rule.action != "rate_limit" or rule.shape.then.limit is None:
        return False
    count = subject.rate(rule.id, rule.window_seconds)
    return count is not None and count <= rule.shape.then.limit
