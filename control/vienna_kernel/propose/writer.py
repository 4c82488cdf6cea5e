"""A proposal as the text of a mapping file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.draft import Draft
from vienna_kernel.propose.echo import Answer
from vienna_kernel.propose.field import Field
from vienna_kernel.propose.guess import Guess
from vienna_kernel.propose.proposal import Proposal
from vienna_kernel.propose.yamlwriter import comment, flow, scalar
from vienna_kernel.value import Value

GUESSED = "# guessed:"
"""How a line that holds a guess ends."""

_HEAD = """\
# A proposal, made of {origin}.
# It counts once it lies among the policies. Review it first: effect, reversibility and tier are guesses, and so is
# every other line that ends in "guessed". Take the comment away from what you agree with, correct the rest; begin
# with T2 and T3. Then run the cases beside it: vienna mappings test FILE
"""


def mapping_text(proposal: Proposal) -> str:
    """The file, ready to be loaded."""
    return "".join(f"{line}\n" for line in _lines(proposal))


def _lines(proposal: Proposal) -> Iterator[str]:
    told = comment(f"A proposal, made of {proposal.origin}.")
    yield from [told, *_HEAD.splitlines()[1:]]
    yield "apiVersion: vienna/v1"
    yield "kind: Mapping"
    yield f"id: {scalar(proposal.id)}"
    yield f"version: {scalar(proposal.version)}"
    yield f"hosts: {flow(list(proposal.hosts))}"
    yield f"protocol: {proposal.protocol}"
    yield "defaults: {unknown_params: flag}"
    yield "actions:"
    for i, draft in enumerate(proposal.drafts):
        if i:
            yield ""
        yield from _action(draft, proposal.id)


def _action(draft: Draft, owner: str) -> Iterator[str]:
    for note in draft.notes:
        yield f"  {comment(note)}"
    yield f"  - action: {scalar(draft.name)}"
    match: dict[str, Value] = {"methods": list(draft.methods), "path": draft.route.path}
    if draft.route.query:
        match["query"] = dict(draft.route.query)
    yield f"    match: {flow(match)}"
    yield f"    target: {scalar(draft.target(owner))}"
    if draft.body.kinds:
        yield f"    body: {flow(list(draft.body.kinds))}"
    if draft.fields:
        yield "    params:"
        for field in draft.fields:
            yield f"      {scalar(field.name)}: {flow(_param(field))}{_why(*field.guessed)}"
    if draft.unknown:
        yield f"    unknown_params: {draft.unknown}"
    yield _guess("effect", draft.effect)
    yield _guess("reversibility", draft.reversibility)
    yield _guess("default_tier", draft.tier)
    yield from _rest(draft)


def _rest(draft: Draft) -> Iterator[str]:
    money = draft.money
    if money is not None:
        cost = {"amount": f"params.{money.name}", "currency": f"params.{money.currency}"}
        yield f"    cost: {flow(cost)}{_why(draft.effect.why)}"
    if draft.idempotency:
        yield f"    idempotency: {flow({'header': draft.idempotency})}"
    yield from _verify(draft.answer)
    yield f"    summary: {scalar(draft.summary)}"


def _verify(answer: Answer) -> Iterator[str]:
    if not answer.promises:
        return
    if answer.statuses and not answer.echoes and not answer.flag:
        yield f"    verify: {flow({'status': list(answer.statuses)})}"
        return
    yield "    verify:"
    if answer.statuses:
        yield f"      status: {flow(list(answer.statuses))}"
    if answer.echoes:
        yield f"      equal:  {GUESSED} the answer names them as the request does"
        for echo in answer.echoes:
            yield f"        - {flow({'pointer': echo.pointer, 'param': echo.field.name})}"
    if answer.flag:
        yield f"      failed: {flow([{'pointer': answer.flag, 'values': [False]}])}{_why('its name')}"


def _param(field: Field) -> Mapping[str, Value]:
    told: dict[str, Value] = {"from": field.source}
    if field.prefix:
        told["prefix"] = f"{field.key}["
    elif field.source in ("json", "body"):
        if field.key != f"/{field.name}":
            told["name"] = field.key
    elif field.key not in (field.name, ""):
        told["name"] = field.key
    if field.kind is not (ParamType.MAP if field.prefix else ParamType.STRING):
        told["type"] = field.kind.value
    if field.currency:
        told["currency_from"] = f"params.{field.currency}"
    if field.enum:
        told["enum"] = list(field.enum)
    if field.required:
        told["required"] = True
    if field.redact:
        told["redact"] = True
    return told


def _guess(key: str, told: Guess) -> str:
    return f"    {key}: {told.value}{_why(told.why)}"


def _why(*texts: str) -> str:
    told = "; ".join(text for text in texts if text)
    return f"  {comment(f'guessed: {told}')}" if told else ""
