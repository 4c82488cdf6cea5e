"""A case for each proposed action: a request as the description has it, read as that action; an answer that matches.

Each is tried against the mapping before it is written. An example that another, more literal route takes is replaced
by another example; an action that no example reaches is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from vienna_kernel.call.request import canonicalise
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.host import labels_for
from vienna_kernel.mapping.param import HOST_LABELS
from vienna_kernel.mapping.reading import Mapped, MappingSet
from vienna_kernel.mapping.route import compile_pattern
from vienna_kernel.propose.draft import Draft
from vienna_kernel.propose.example import request_of
from vienna_kernel.propose.field import Field
from vienna_kernel.propose.proposal import Proposal
from vienna_kernel.propose.sample import Sample, placed, sample_of
from vienna_kernel.propose.yamlwriter import block, comment, flow, quoted
from vienna_kernel.value import Value
from vienna_kernel.verdict import Refused

_VARIANTS = 6
_ECHOED = 2
_ACCEPTED = 202  # taken, not done: nothing is known of the outcome


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what is expected of it. ``parameters``: None where they cannot be told beforehand."""

    draft: Draft
    request: str
    parameters: Mapping[str, Value] | None
    answer: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class Cases:
    """What came of a proposal. ``unreached``: actions that no example reaches, and why."""

    cases: tuple[Case, ...]
    unreached: tuple[tuple[Draft, str], ...]


def cases_of(proposal: Proposal, mappings: MappingSet) -> Cases:
    """A case for each action that passes against ``mappings``, which hold the proposal."""
    pattern = proposal.hosts[0]
    found: list[Case] = []
    unreached: list[tuple[Draft, str]] = []
    for draft in proposal.drafts:
        why = ""
        for variant in range(1, _VARIANTS + 1):
            case = _case(draft, pattern, variant)
            read = _read(case.request, mappings)
            if read == draft.name:
                found.append(case)
                break
            why = why or read
        else:
            unreached.append(
                (draft, _taken_by(draft, proposal.drafts) or f"a request of it is refused: {why}")
            )
    return Cases(tuple(found), tuple(unreached))


def _taken_by(draft: Draft, drafts: Sequence[Draft]) -> str:
    """Which other action takes the requests of one, in a sentence; empty when none does."""
    raw = draft.route.sample({segment.name: "x1" for segment in draft.route.segments if segment.name})[
        1:
    ].split("/")
    found = [
        (pattern.weight, other.name)
        for other in drafts
        if other is not draft and set(other.methods) & set(draft.methods)
        for pattern in [compile_pattern(other.route.path, where=other.name)]
        if pattern.match(raw, [unquote(segment) for segment in raw]) is not None
    ]
    return f"its requests are those of {max(found)[1]}" if found else ""


def _read(request: str, mappings: MappingSet) -> str:
    """The action a request is read as, or why it is read as none."""
    try:
        call = canonicalise(parse_request(request))
    except MalformedError as error:
        return error.why
    answer = call if isinstance(call, Refused) else mappings.map(call)
    if isinstance(answer, Mapped):
        return "+".join(intent.action for intent in answer.intents)
    return answer.detail if isinstance(answer, Refused) else "a preflight is asked for"


def _case(draft: Draft, pattern: str, variant: int) -> Case:
    host = pattern.replace("*", "example")
    codes = {field.currency for field in draft.fields if field.currency}
    told = {
        field.name: _host_of(field, pattern, host)
        if field.source == "host"
        else sample_of(field, currency=field.name in codes, variant=variant if field.source == "path" else 1)
        for field in _sent(draft)
    }
    fields = [field for field in draft.fields if field.name in told]
    exact = not draft.body.whole or draft.body.kinds == ("json",)
    return Case(
        draft,
        request_of(draft, host, fields, told),
        {name: sample.seen for name, sample in told.items()} if exact else None,
        _answer(draft, told),
    )


def _host_of(field: Field, pattern: str, host: str) -> Sample:
    """Of which host a request is, as a parameter tells it."""
    value = labels_for(pattern, host)[HOST_LABELS[field.key]] if field.key else host
    return Sample(value, value)


def _sent(draft: Draft) -> Iterator[Field]:
    """What an example holds: all that must be there, money with its currency, what the answer is compared with."""
    echoed = {echo.field.name for echo in draft.answer.echoes[:_ECHOED]}
    money = draft.money
    paid = {money.name, money.currency} if money is not None else set()
    needed = {field.currency for field in draft.fields if field.currency and field.required}
    some = {draft.body.fields[0].name} if _must_have_one(draft) else set()
    for field in draft.fields:
        if field.source in ("host", "path") or field.required or field.name in echoed | paid | needed | some:
            yield field


def _must_have_one(draft: Draft) -> bool:
    """Whether a body without any member is none."""
    body = draft.body
    required = any(field.required for field in body.fields)
    return bool(body.fields) and not required and body.media.startswith("multipart/")


def _answer(draft: Draft, told: Mapping[str, Sample]) -> Mapping[str, Value] | None:
    """An answer that holds what it must, None where nothing is promised."""
    answer = draft.answer
    if not answer.promises:
        return None
    rows: list[tuple[Sequence[str], Value]] = [
        (_steps(echo.pointer), told[echo.field.name].sent)
        for echo in answer.echoes
        if echo.field.name in told
    ]
    rows += [(_steps(answer.flag), True)] if answer.flag else []
    told_at_once = [status for status in answer.statuses if status != _ACCEPTED]
    status = (*told_at_once, *answer.statuses, 200)[0]
    return {"status": status, "json": placed(rows)} if rows else {"status": status}


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def cases_text(proposal: Proposal, cases: Sequence[Case]) -> str:
    """The file of cases, beside the mapping."""
    told = f"Examples to start from, one for each action of {proposal.id}; add what must be refused."
    lines = [comment(told), "cases:"]
    for i, case in enumerate(cases):
        if i:
            lines.append("")
        expect: dict[str, Value] = {"action": case.draft.name}
        if case.parameters is not None:
            expect["parameters"] = dict(case.parameters)
        lines.append(f"  - name: {quoted(f'{case.draft.name} {proposal.told}')}")
        lines.append(f"    request: {block(case.request, '      ')}")
        lines.append(f"    expect: {flow([expect])}")
        if case.answer is not None:
            accepted = case.answer.get("status") == _ACCEPTED
            lines.append(f"    response: {flow(case.answer)}")
            lines.append(f"    verification: {'unverifiable' if accepted else 'match'}")
    return "\n".join(lines) + "\n"
