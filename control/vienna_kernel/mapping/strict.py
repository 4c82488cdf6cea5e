"""Strict mode: a mapping whose actions nobody has tried does not load."""

from __future__ import annotations

from collections.abc import Iterator

from vienna_kernel.document import Document, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.case import CasesModel
from vienna_kernel.mapping.document import MappingModel


def cased(mapping: Document, cases: Document | None) -> frozenset[str]:
    """Names of actions that a case expects, in the mapping itself or in the file beside it.

    Errors: ``DocumentError`` when one of them is no such file.
    """
    return frozenset(_inside(read(MappingModel, mapping))) | frozenset(_beside(cases))


def uncovered(mapping: Document, cases: Document | None) -> list[MalformedError]:
    """A complaint with its place for each action that no case expects; one for all where there is no case at all.

    Errors: as ``cased``.
    """
    model = read(MappingModel, mapping)
    known = cased(mapping, cases)
    missing = [(i, action.action) for i, action in enumerate(model.actions) if action.action not in known]
    if len(missing) == len(model.actions) > 1:
        return [MalformedError(mapping.where(("actions",)), f"none of its {len(missing)} actions has a case")]
    return [
        MalformedError(mapping.where(("actions", i, "action")), f"the action {name!r} has no case")
        for i, name in missing
    ]


def _inside(model: MappingModel) -> Iterator[str]:
    for action in model.actions:
        yield from (test.expect.action for test in action.tests)


def _beside(cases: Document | None) -> Iterator[str]:
    if cases is not None:
        for case in read(CasesModel, cases).cases:
            yield from (expected.action for expected in case.expect or ())
