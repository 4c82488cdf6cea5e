"""From a call to what it means, by declared routes.

1. A route is found (``mapping_route``), its parameters are read (``mapping_param``), what is not declared is refused,
   flagged or let pass as the mapping says; the result is one intent.
2. Where the current state must be known first, the answer is ``NeedsPreflight``; asked again with what that read
   said, it is the intent. Whatever can be refused is refused before.
3. A call that no mapping reads is governed too: ``http.<method>`` on its origin, shown by its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vienna_kernel.action import ActionType
from vienna_kernel.call.request import Call
from vienna_kernel.call.target import has_encoded_separator
from vienna_kernel.decode import form, pointer
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.document import Document
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.body import decode
from vienna_kernel.mapping.fingerprint import Body, Volatile, fingerprint, of_agent
from vienna_kernel.mapping.intent import mapped_intent, unmapped_intent
from vienna_kernel.mapping.load import load
from vienna_kernel.mapping.param import Reading, Wire, read_wire, settle
from vienna_kernel.mapping.route import Index
from vienna_kernel.mapping.shown import Tree, param_of, shown_form, shown_json, shown_url
from vienna_kernel.mapping.template import for_people, path
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import VerifySpec

_MAX_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a call means.

    Attributes:
        intents: At least one, in the order of the call.
        fingerprint: Names the call, without its agent: ``fingerprint_for``.
        mapped: False when no mapping read it.
        mapping: ``id@version``.
        shown_url: For people; values of undeclared query parameters are ``…``.
        shown_body: For people: declared values, the shape of the rest; None when there is no body to decode.
        idempotency_header: The API's own, lower-case.
        idempotency_inject: Whether one is to be sent when the agent sends none.
        stream: The answer may pass as a stream.
        response_fields: Pointers of answer fields that may be kept.
        unknown: Undeclared parameters that the mapping flags, by name.
        current: The current state as far as the mapping shows it, by pointer.
    """

    intents: tuple[Intent, ...]
    fingerprint: str
    mapped: bool
    mapping: str | None = None
    shown_url: str
    shown_body: Value = None
    verify: VerifySpec | None = None
    idempotency_header: str | None = None
    idempotency_inject: bool = False
    stream: bool = False
    response_fields: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    current: Mapping[str, Value] = field(default_factory=dict)

    def fingerprint_for(self, agent: str) -> str:
        """The fingerprint of this agent's call."""
        return of_agent(self.fingerprint, agent)


@dataclass(frozen=True, slots=True)
class NeedsPreflight:
    """A read on the same origin must be made first, with the agent's own credentials.

    Attributes:
        path: Path and query.
    """

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class _Decoded:
    query: Pairs
    body: Body


class MappingSet:
    """All mappings in force; immutable.

    Attributes:
        digest: ``sha256:<hex>`` over all documents.
        hosts: Hosts and wildcards that a mapping names.
    """

    digest: str
    action_types: Mapping[str, ActionType]
    hosts: frozenset[str]

    def __init__(
        self, *, digest: str, index: Index[Action], kinds: Mapping[str, ActionType], hosts: frozenset[str]
    ):
        self.digest = digest
        self.action_types = kinds
        self.hosts = hosts
        self._index = index

    @classmethod
    def compile(
        cls, documents: Sequence[Document], *, extra_hosts: Mapping[str, Sequence[str]] | None = None
    ) -> MappingSet:
        """Compile everything or nothing. ``extra_hosts``: further hosts by mapping id.

        Errors: ``DocumentError`` with every complaint and its place.
        """
        loaded = load(documents, dict(extra_hosts or {}))
        return cls(digest=loaded.digest, index=loaded.index, kinds=loaded.kinds, hosts=loaded.hosts)

    def body_limit(self, head: Call, *, default: int) -> int:
        """How many bytes of body this call may have."""
        found = self._index.find(head.host, head.method, head.path)
        limit = found[0].action.max_body if found else None
        return default if limit is None else limit

    def map(self, call: Call, *, preflight: Value = None) -> Mapped | NeedsPreflight | Refused:
        """What a call means. ``preflight``: what the read that ``NeedsPreflight`` asked for said, decoded."""
        found = self._index.find(call.host, call.method, call.path)
        if found is None and has_encoded_separator(call.path):
            return Refused(Reason.TARGET_NOT_CANONICAL, "%2F or %25 in a path where no mapping declares it")
        try:
            query = form.pairs(call.query.encode("ascii"))
        except MalformedError as error:
            return Refused(Reason.TARGET_NOT_CANONICAL, f"query: {error.why}")
        body = decode(call, found[0].action.body if found else None)
        if isinstance(body, Refused):
            return body
        decoded = _Decoded(query, body)
        if found is None:
            return _unmapped(call, decoded)
        return _map(call, decoded, found[0].action, found[1], preflight)


def _unmapped(call: Call, decoded: _Decoded) -> Mapped:
    return Mapped(
        intents=(unmapped_intent(call),),
        fingerprint=fingerprint(call, decoded.body, decoded.query, Volatile()),
        mapped=False,
        shown_url=shown_url(call, decoded.query, ()),
        shown_body=_shown_body(decoded.body, None),
    )


def _shown_body(body: Body, action: Action | None) -> Value:
    if body.form is not None:
        return shown_form(body.form, action.form_params if action else ())
    if body.json is not MISSING:
        return shown_json(body.json, action.tree if action else Tree())
    return None


def _unknown(decoded: _Decoded, action: Action) -> list[str]:
    """Names of parameters that the mapping does not declare."""
    volatile = action.volatile
    names = [
        key
        for key, _ in decoded.query
        if key not in volatile.query and not param_of(key, action.query_params)
    ]
    if decoded.body.form is not None:
        keys = [key for key, _ in decoded.body.form]
        names += [key for key in keys if key not in volatile.fields and not param_of(key, action.form_params)]
    if decoded.body.json is not MISSING:
        names += action.tree.unknown(decoded.body.json)
    return [for_people(name, limit=60) for name in names]


def _map(
    call: Call, decoded: _Decoded, action: Action, variables: Mapping[str, str], facts: Value
) -> Mapped | NeedsPreflight | Refused:
    unknown = _unknown(decoded, action) if action.unknown != "allow" else []
    if unknown and action.unknown == "reject":
        names = ", ".join(unknown[:5])
        return Refused(
            Reason.UNKNOWN_PARAMETER,
            f"{action.name}: not declared by {action.mapping}: {names}",
            f"{action.name} does not accept: {names}. Leave it out and try again.",
        )
    wire = Wire(
        path=variables,
        query=decoded.query,
        form=decoded.body.form or [],
        headers=call.headers,
        body=decoded.body.json,
    )
    reading = read_wire(action.params, wire)
    if isinstance(reading, Refused):
        return reading
    if action.preflight is not None and facts is None:
        return _ask_first(action, reading)
    settled = settle(action.params, reading, facts)
    if isinstance(settled, Refused):
        return settled
    intent = mapped_intent(action, settled)
    if isinstance(intent, Refused):
        return intent
    return Mapped(
        intents=(intent,),
        fingerprint=fingerprint(call, decoded.body, decoded.query, action.volatile),
        mapped=True,
        mapping=action.mapping,
        shown_url=shown_url(call, decoded.query, action.query_params),
        shown_body=_shown_body(decoded.body, action),
        verify=action.verify,
        idempotency_header=action.idempotency_header,
        idempotency_inject=action.idempotency_inject,
        stream=action.stream,
        response_fields=action.response_fields,
        unknown=tuple(unknown[:_MAX_NAMES]),
        current=_current(action, facts),
    )


def _ask_first(action: Action, reading: Reading) -> NeedsPreflight | Refused:
    for template in action.preflight.paths if action.preflight else ():
        text = path(template, reading.values)
        if text is not None:
            return NeedsPreflight("GET", text)
    return Refused(
        Reason.INVALID_PARAMETER,
        f"{action.name}: what it acts on is not named",
        f"{action.name}: name what it acts on, as a plain identifier.",
    )


def _current(action: Action, facts: Value) -> dict[str, Value]:
    if action.preflight is None:
        return {}
    rows = {text: pointer.find(facts, steps) for text, steps in action.preflight.show}
    return {text: value for text, value in rows.items() if value is not MISSING}
