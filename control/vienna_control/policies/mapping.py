"""A mapping kept by API: held against itself and its cases before it is held against all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vienna_kernel.document import Document, DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.kept import parsed
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.mapping.strict import uncovered


def document(data: Mapping[str, Any], name: str = "text") -> Document:
    """The mapping itself. Errors: ``MalformedError``: no YAML, another kind, no id."""
    found = parsed(str(data["text"]), name)
    kind = found.data.get("kind") if isinstance(found.data, dict) else None
    if kind != "Mapping":
        raise MalformedError(found.where(("kind",)), f"expected the kind Mapping; got {kind!r}")
    if not isinstance(found.data.get("id"), str) or not found.data["id"]:
        raise MalformedError(found.where(("id",)), "expected the id of the mapping")
    return found


def check(data: Mapping[str, Any], *, strict: bool) -> None:
    """Load it by itself and run its cases. Slow: not for the event loop.

    ``strict``: each of its actions needs a case. Errors: ``DocumentError`` with every complaint.
    """
    mapping = document(data)
    cases = parsed(str(data["cases"]), "cases") if data.get("cases") else None
    mappings = MappingSet.compile([mapping])
    wrong = list(uncovered(mapping, cases)) if strict else []
    wrong += [*_failed(mapping, mappings), *(_failed(cases, mappings) if cases else ())]
    if wrong:
        raise DocumentError(wrong)


def _failed(document: Document, mappings: MappingSet) -> Iterator[MalformedError]:
    for result in run_cases(document, mappings):
        if not result.passed:
            yield MalformedError(
                result.where, f"the case {result.name!r} fails: {'; '.join(result.problems)}"
            )
