"""Rules for a trade, shipped with their cases, taken over as rules kept by API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from vienna_control.policies.bundle import Bundle
from vienna_kernel import shipped
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.cases import run_cases
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.value import pack, unpack


@dataclass(frozen=True, slots=True)
class Template:
    """One page of rules and the cases beside it."""

    page: Document
    cases: Document

    @property
    def id(self) -> str:
        return str(self.page.data["id"])

    @property
    def rules(self) -> Sequence[Mapping[str, Any]]:
        rules: Sequence[Mapping[str, Any]] = self.page.data["rules"]
        return rules


@cache
def every() -> Mapping[str, Template]:
    """The shipped templates by id. Errors: ``MalformedError`` (a damaged installation)."""
    folder = shipped.root() / "templates"
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        if not path.stem.endswith(shipped.CASES):
            beside = path.with_name(f"{path.stem}{shipped.CASES}{path.suffix}")
            page = parse(path.read_bytes(), name=path.name)
            template = Template(page, parse(beside.read_bytes(), name=beside.name))
            found[template.id] = template
    return found


def taken_over(
    template: Template, *, prefix: str, chosen: frozenset[str] | None, **marks: bool
) -> list[dict[str, Any]]:
    """Its rules in the stored shape, each with the time zone of its page.

    ``prefix``: before each id. ``chosen``: ids to take; None: all. ``marks``: ``enabled``, ``shadow``.
    Errors: ``MalformedError`` naming an id that the template does not have.
    """
    known = [str(rule["id"]) for rule in template.rules]
    if missing := sorted((chosen or frozenset()) - set(known)):
        raise MalformedError("/rules", f"expected some of {', '.join(known)}; got {missing[0]!r}")
    rules = []
    for rule in template.rules:
        if chosen is None or rule["id"] in chosen:
            whole = {"timezone": template.page.data.get("timezone", "UTC"), **rule, **marks}
            packed: dict[str, Any] = pack({**whole, "id": f"{prefix}{rule['id']}"})
            rules.append(packed)
    return rules


def self_test(template: Template, bundle: Bundle) -> list[str]:
    """Each of its cases that would come out otherwise here, as a sentence: by our tiers, in the shape it is kept in."""
    kept = [unpack(rule) for rule in taken_over(template, prefix="", chosen=None)]
    page = replace(template.page, data={**template.page.data, "rules": kept, "timezone": "UTC"})
    types = bundle.mappings.action_types
    rules = RuleSet.compile([page], action_types=types)
    found = run_cases(rules, bundle.tiers, template.cases, action_types=types)
    return [f"{one.name}: {'; '.join(one.differences)}" for one in found if not one.passed]
