"""The clauses of one call together: its intents, what is promised of its answer, and what people see of it."""

from __future__ import annotations

from collections.abc import Sequence

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.mapping.clause import Clause
from vienna_kernel.mapping.fingerprint import fingerprint, together
from vienna_kernel.mapping.intent import unmapped_intent
from vienna_kernel.mapping.mapped import Mapped, NeedsPreflight
from vienna_kernel.mapping.shown import shape, shown_form, shown_path, shown_url
from vienna_kernel.mapping.template import for_people
from vienna_kernel.protocol.part import Part
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification.spec import Promise

_MAX_NAMES = 20
_MAX_SHOWN = 50


def _asked(clauses: Sequence[Clause]) -> str | Refused | None:
    """The one read that must be made first."""
    paths: dict[str, None] = {}
    for clause in clauses:
        asks = clause.asks()
        if isinstance(asks, Refused):
            return asks
        paths |= dict.fromkeys(asks)
    if len(paths) > 1:
        return Refused(
            Reason.PREFLIGHT_FAILED,
            f"{len(paths)} things would have to be looked up for one request",
            "Ask for these one by one: each has to be looked up first.",
        )
    return next(iter(paths), None)


def meaning_of(
    call: Call, query: Pairs, content: Content, told: Sequence[Clause | Part], facts: Value
) -> Mapped | NeedsPreflight | Refused:
    """What a call means whose parts were read; a part that no action reads stands for itself.

    ``facts``: the preflight answer or None.
    """
    clauses = [clause for clause in told if isinstance(clause, Clause)]
    asked = _asked(clauses)
    if isinstance(asked, Refused):
        return asked
    if asked is not None and facts is None:
        return NeedsPreflight("GET", asked)
    promises: list[Promise] = []
    for row in told:
        promise = _promise(call, row, facts)
        if isinstance(promise, Refused):
            return promise
        promises.append(promise)
    return _mapped(call, query, content, told, promises, facts)


def _promise(call: Call, row: Clause | Part, facts: Value) -> Promise | Refused:
    if isinstance(row, Part):
        return Promise((unmapped_intent(call, row.operation),), None)
    intents = row.intents(facts)
    if isinstance(intents, Refused):
        return intents
    return Promise(intents, row.action.verify, row.part.answer, row.part.failed, row.part.answer_id)


def _mapped(
    call: Call,
    query: Pairs,
    content: Content,
    told: Sequence[Clause | Part],
    promises: Sequence[Promise],
    facts: Value,
) -> Mapped:
    clauses = [clause for clause in told if isinstance(clause, Clause)]
    actions = list({id(clause.action): clause.action for clause in clauses}.values())
    alone = actions[0] if len(actions) == 1 and len(clauses) == len(told) else None
    return Mapped(
        intents=tuple([intent for promise in promises for intent in promise.intents]),
        fingerprint=fingerprint(call, content, query, together([action.volatile for action in actions])),
        mapped=len(clauses) == len(told),
        mapping=actions[0].mapping if actions else None,
        shown_url=shown_url(
            call,
            shown_path(call.path, [(action.pattern, action.params) for action in actions]),
            query,
            [param for action in actions for param in action.query_params],
        ),
        shown_body=_shown(content, told),
        promises=tuple(promises),
        idempotency_header=alone.idempotency_header if alone else None,
        idempotency_inject=alone.idempotency_inject if alone else False,
        replay_seconds=alone.replay_seconds if alone else None,
        writable=alone.writable if alone and len(told) == 1 else (),
        stream=bool(actions) and all([action.stream for action in actions]),
        response_fields=tuple(dict.fromkeys([name for action in actions for name in action.response_fields])),
        unknown=tuple(dict.fromkeys([name for clause in clauses for name in clause.unknown]))[:_MAX_NAMES],
        current={text: value for clause in clauses for text, value in clause.current(facts).items()},
    )


def _shown(content: Content, told: Sequence[Clause | Part]) -> Value:
    if len(told) == 1:
        (row,) = told
        return row.shown() if isinstance(row, Clause) else shown_body(content)
    return [
        row.shown() if isinstance(row, Clause) else {"operation": for_people(row.operation)}
        for row in told[:_MAX_SHOWN]
    ]


def shown_body(content: Content) -> Value:
    """A body that no action reads, by its shape."""
    if content.pairs is not None:
        return shown_form(content.pairs, ())
    return shape(content.value) if content.kind == "json" and content.value is not MISSING else None
