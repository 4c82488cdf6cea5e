"""The answer of a case held against what its mapping promises: read back, and undone, as the case says."""

from __future__ import annotations

from vienna_kernel.mapping.case import AnswerModel, CaseModel, ReadModel
from vienna_kernel.mapping.mapped import Mapped
from vienna_kernel.mapping.narrow import dumps
from vienna_kernel.verification import ResponseView, Verification, settled, verify, verify_readback


def _view(answer: ReadModel) -> ResponseView:
    text = answer.body if answer.body is not None else "" if answer.json_ is None else dumps(answer.json_)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    told = headers.get("content-type", "").partition(";")[0].strip().lower()
    return ResponseView(
        status=answer.status,
        content_type=told or (None if answer.body is not None else "application/json"),
        body=text.encode(),
        digest="",
        size=len(text.encode()),
        headers=tuple(headers.items()),
    )


def verified(case: CaseModel, mapped: Mapped) -> list[str]:
    """What differs, one sentence each."""
    if case.response is None:
        return [] if case.verification is None else ["a verification is expected of no response"]
    found = verify(mapped.promises, _view(case.response))
    undo = [f"{row.method} {row.path}" for row in found.undo]
    problems = [] if case.undo in (None, undo) else [f"undo: expected {case.undo!r}, got {undo!r}"]
    found, more = _reread(case.response, mapped, found)
    problems += more
    if case.verification not in (None, found.result):
        problems.append(f"verification: expected {case.verification!r}, got {found.result!r}")
    return problems


def _reread(answer: AnswerModel, mapped: Mapped, found: Verification) -> tuple[Verification, list[str]]:
    """The verification with what the case's read-backs say."""
    problems = []
    if len(answer.readback) > len(found.lookups):
        problems.append(f"expected {len(answer.readback)} read-backs, {len(found.lookups)} are asked for")
    for lookup, read in zip(found.lookups, answer.readback, strict=False):
        if read.path not in (None, lookup.path):
            problems.append(f"expected the read-back {read.path}, got {lookup.path}")
        found = settled(found, lookup, verify_readback(mapped.promises[lookup.part], _view(read)))
    return found, problems
