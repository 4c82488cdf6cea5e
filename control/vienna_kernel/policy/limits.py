"""The budgets of a rule set: defined once or several times alike, over what can be counted, named where they exist.

A budget is defined in a rule (``limits: {budget: {…}}``) or in a document (``budgets: […]``), and is one budget
wherever it is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from vienna_kernel.budget.definition import Budget
from vienna_kernel.document import Document, Path, nearest
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.condition import Leaf, leaves
from vienna_kernel.policy.rule import Rule

type Placed = tuple[Document, Path, Rule]
type Defined = tuple[Document, Path, Budget]


class Counted(Protocol):
    """What this module needs of an ``action.ActionType``."""

    @property
    def redacted(self) -> frozenset[str]: ...


def gather(
    found: Sequence[Placed], pages: Sequence[Defined], types: Mapping[str, Counted]
) -> tuple[dict[str, Budget], list[MalformedError]]:
    """Every budget by name, and what is wrong with any of them or with what names them.

    ``pages``: those that documents define by themselves.
    """
    known: dict[str, Budget] = {}
    wrong: list[MalformedError] = []
    first: dict[str, str] = {}
    for document, path, budget in [*pages, *_own(found)]:
        where = document.where(path)
        if known.setdefault(budget.name, budget) != budget:
            why = f"the budget {budget.name!r} is defined otherwise at {first[budget.name]}"
            wrong.append(MalformedError(where, why))
        first.setdefault(budget.name, where)
    for document, path, rule in found:
        wrong += _misnamed(document, path, rule, known)
        wrong += _hidden(document, path, rule, known, types)
    return known, wrong


def _own(found: Sequence[Placed]) -> Iterator[Defined]:
    for document, path, rule in found:
        limits = rule.shape.limits
        if limits is not None and limits.budget is not None:
            yield document, (*path, "limits", "budget"), limits.budget


def _misnamed(
    document: Document, path: Path, rule: Rule, known: Mapping[str, Budget]
) -> Iterator[MalformedError]:
    for i, name in enumerate(rule.shape.limits.budgets if rule.shape.limits else ()):
        if name not in known:
            where = document.where((*path, "limits", "budgets", i))
            yield MalformedError(where, _unknown(name, known))
    for leaf in leaves(rule.tree):
        why = _misread(leaf, known)
        if why:
            yield MalformedError(document.where(leaf.path), why)


def _misread(leaf: Leaf, known: Mapping[str, Budget]) -> str:
    name = leaf.field.budget
    if name is None:
        return ""
    if name not in known:
        return _unknown(name, known)
    if leaf.currency not in (None, known[name].currency):
        return f"the budget {name!r} is in {known[name].currency or 'no currency'}, not in {leaf.currency}"
    return ""


def _unknown(name: str, known: Mapping[str, Budget]) -> str:
    return f"no budget {name!r} is defined{nearest(name, list(known))}"


def _hidden(
    document: Document, path: Path, rule: Rule, known: Mapping[str, Budget], types: Mapping[str, Counted]
) -> Iterator[MalformedError]:
    """A value that is kept only as a keyed hash can neither be counted nor name an account."""
    for name in rule.budgets:
        for parameter in known[name].parameters if name in known else ():
            for action in sorted(rule.actions or ()):
                if action in types and parameter in types[action].redacted:
                    why = f"the budget {name!r} cannot count {parameter!r}: it is redacted in {action}"
                    yield MalformedError(document.where((*path, "limits")), why)
