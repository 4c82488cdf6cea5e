"""``kind: Rules``: one page of rules as it lies in a file, and the one rule that the API stores.

Everything that has no reading is told at its place; a page of which nothing can be read gives no rules at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vienna_kernel.budget.definition import Budget
from vienna_kernel.document import Document, DocumentError, Path, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy import limits
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.environments import Labelled
from vienna_kernel.policy.expects import ExpectedAction, Expecting
from vienna_kernel.policy.rule import Rule, RuleShape, build
from vienna_kernel.value import unpack

type Default = Literal["deny", "allow"]


class RulesDocument(BaseModel):
    """``kind: Rules``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    apiVersion: Literal["vienna/v1"]
    kind: Literal["Rules"]
    id: str
    description: str = ""
    timezone: str = "UTC"
    default: Default | None = None
    environments: Labelled = Field({}, max_length=50)
    expects: dict[str, ExpectedAction] = Field({}, max_length=200)
    budgets: list[Budget] = Field([], max_length=100)
    rules: list[RuleShape]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name


def read_pages(
    documents: Sequence[Document], wrong: list[MalformedError]
) -> list[tuple[Document, RulesDocument]]:
    pages = []
    for document in documents:
        try:
            pages.append((document, read(RulesDocument, document)))
        except DocumentError as error:
            wrong += error.errors
    return pages


def budgets_of(pages: Sequence[tuple[Document, RulesDocument]]) -> list[limits.Defined]:
    return [
        (document, ("budgets", i), budget)
        for document, page in pages
        for i, budget in enumerate(page.budgets)
    ]


def expected_of(pages: Sequence[tuple[Document, RulesDocument]]) -> list[Expecting]:
    return [
        (document, ("expects", name), name, shape)
        for document, page in pages
        for name, shape in page.expects.items()
    ]


def rules_of(document: Document, page: RulesDocument, wrong: list[MalformedError]) -> Iterator[limits.Placed]:
    tz = zone(page.timezone)
    for i, shape in enumerate(page.rules):
        path: Path = ("rules", i)
        data = document.data["rules"][i]
        rule, complaints = build(shape, data, document=document, path=path, tz=tz, source=document.name)
        wrong += complaints
        yield document, path, rule


def stored_rule(data: Mapping[str, Any], tz: tzinfo, wrong: list[MalformedError]) -> Iterator[limits.Placed]:
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


def twice(found: Sequence[limits.Placed]) -> list[MalformedError]:
    seen: dict[str, str] = {}
    wrong = []
    for document, path, rule in found:
        if rule.id in seen:
            where = document.where((*path, "id"))
            wrong.append(MalformedError(where, f"the rule id {rule.id!r} stands also at {seen[rule.id]}"))
        seen.setdefault(rule.id, document.where((*path, "id")))
    return wrong
