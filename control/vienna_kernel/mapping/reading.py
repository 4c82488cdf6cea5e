"""From a call to what it means, by declared routes.

1. A route is found, the body is decoded once, the protocol takes the request apart (``part``).
2. For each part an action is chosen; its parameters are read, what is not declared is refused, flagged or let pass
   as the mapping says; the result is one intent, or one for every item of a list.
3. Where the current state must be known first, the answer is ``NeedsPreflight``; asked again with what that read
   said, it is the intents. Whatever can be refused is refused before.
4. A part that no mapping reads is governed too: ``http.<method>`` on its origin, shown by its shape. Only a WebSocket
   is not opened where no mapping says what its messages mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vienna_kernel.action import ActionType
from vienna_kernel.call.handshake import UPGRADE
from vienna_kernel.call.request import Call
from vienna_kernel.call.target import has_encoded_separator
from vienna_kernel.decode import form
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.document import Document
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping import narrow
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.body import decode, unread
from vienna_kernel.mapping.choose import Discriminator, by_head, by_operation
from vienna_kernel.mapping.clause import Clause, read_clause, root_of
from vienna_kernel.mapping.fingerprint import Volatile, fingerprint
from vienna_kernel.mapping.intent import unmapped_intent
from vienna_kernel.mapping.load import load
from vienna_kernel.mapping.mapped import Mapped, NeedsPreflight
from vienna_kernel.mapping.meaning import meaning_of, shown_body
from vienna_kernel.mapping.narrow import Change
from vienna_kernel.mapping.route import Entry, Found, Index
from vienna_kernel.mapping.shown import shown_url
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification.spec import Promise

__all__ = ["Mapped", "MappingSet", "Narrowed", "NeedsPreflight"]

_MAX_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A request that an approver lowered, and what it means now."""

    call: Call
    mapped: Mapped
    changes: tuple[Change, ...]


type Pool = Sequence[tuple[Discriminator, Entry[Action]]]


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
        """How many bytes of body this call may have: of several actions of its address the least."""
        limits = [entry.action.max_body for _, entry in self._pool_of(head)]
        return min((limit for limit in limits if limit is not None), default=default)

    def codings(self, head: Call) -> frozenset[str]:
        """Content codings that every action of this address has undone."""
        found = [entry.action.codings for _, entry in self._pool_of(head)]
        return frozenset.intersection(*found) if found else frozenset()

    def protocol(self, head: Call) -> str | None:
        """What the address of this call speaks, by the name that mapping files have for it; None: nothing maps it."""
        found = self._index.find(head.host, head.method, head.path)
        if found is None:
            return None
        (_, entry), *_ = found.route.entries  # all of them speak the same: ``load`` sees to it
        return entry.action.protocol

    def _pool_of(self, head: Call) -> Pool:
        found = self._index.find(head.host, head.method, head.path)
        if found is None:
            return ()
        try:
            query = form.pairs(head.query.encode("ascii"))
        except MalformedError:
            return ()
        return by_head(found.route.entries, query, head.headers) or ()

    def map(self, call: Call, *, preflight: Value = None) -> Mapped | NeedsPreflight | Refused:
        """What a call means. ``preflight``: what the read that ``NeedsPreflight`` asked for said, decoded."""
        call = call.as_read()
        found = self._index.find(call.host, call.method, call.path)
        if found is None and has_encoded_separator(call.path):
            return Refused(Reason.TARGET_NOT_CANONICAL, "%2F or %25 in a path where no mapping declares it")
        try:
            query = form.pairs(call.query.encode("ascii"))
        except MalformedError as error:
            return Refused(Reason.TARGET_NOT_CANONICAL, f"query: {error.why}")
        pool = by_head(found.route.entries, query, call.headers) if found else ()
        if pool is None:
            return Refused(Reason.AMBIGUOUS_REQUEST, "the query or headers name two actions of this address")
        if found is None or not pool:
            return _unmapped(call, query, spoken_for=self._index.names(call.host))
        return _map(call, query, found, pool, preflight)

    def action_at(self, host: str, method: str, path: str, name: str) -> Action | None:
        """The one action of this name at an address, None where there is none or more."""
        found = self._index.find(host, method, path)
        named = [row.action for _, row in found.route.entries if row.action.name == name] if found else []
        return named[0] if len(named) == 1 else None

    def narrow(
        self, call: Call, mapped: Mapped, wanted: Mapping[str, Value], *, preflight: Value = None
    ) -> Narrowed | Refused:
        """The same request with parameters lowered, as its mapping allows.

        Args:
            mapped: What ``map`` made of the call.
            wanted: New values by parameter; amounts in major units.
            preflight: As it was for ``map``.
        """
        if not mapped.writable or len(mapped.intents) != 1 or call.payload is not None:
            return Refused(Reason.INVALID_PARAMETER, "nothing of this request may be changed")
        (intent,) = mapped.intents
        changes = narrow.judge(intent, mapped.writable, wanted)
        action = self.action_at(call.host, call.method, call.path, intent.action)
        if isinstance(changes, Refused) or action is None:
            return (
                changes
                if isinstance(changes, Refused)
                else Refused(Reason.INVALID_PARAMETER, "no such action")
            )
        changed = narrow.rewrite(call, action, intent, changes)
        if isinstance(changed, Refused):
            return changed
        after = self.map(changed, preflight=preflight)
        if not isinstance(after, Mapped):
            return (
                after
                if isinstance(after, Refused)
                else Refused(Reason.PREFLIGHT_FAILED, "its state is not known")
            )
        return narrow.held(mapped, after, changes) or Narrowed(changed, after, tuple(changes))


def _unmapped(call: Call, query: Pairs, *, spoken_for: bool) -> Mapped | Refused:
    if call.method == UPGRADE:
        return Refused(Reason.UNSUPPORTED_PROTOCOL, "a WebSocket that no mapping names")
    content = decode(call, None)
    if isinstance(content, Refused):
        return content
    intents = (unmapped_intent(call, spoken_for=spoken_for),)
    return Mapped(
        intents=intents,
        promises=(Promise(intents, None),),
        fingerprint=fingerprint(call, content, query, Volatile()),
        mapped=False,
        shown_url=shown_url(call, call.path, query, ()),
        shown_body=shown_body(content),
    )


def _map(
    call: Call, query: Pairs, found: Found[Action], pool: Pool, facts: Value
) -> Mapped | NeedsPreflight | Refused:
    actions = [entry.action for _, entry in pool]
    kinds = _all([action.kinds for action in actions])
    content = decode(call, kinds, _all([action.repeated for action in actions]))
    if isinstance(content, Refused):
        return content
    parts = _parts(call, query, content, pool)
    if isinstance(parts, Refused):
        return parts
    told: list[Clause | Part] = []
    for part in parts:
        read = _told(call, query, content, part, found, pool)
        if isinstance(read, Refused):
            return read
        told.append(read)
    return meaning_of(call, query, content, told, facts)


def _all(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    """The union; most often they are one and the same."""
    first = sets[0]
    return first if all([one == first for one in sets]) else first.union(*sets)


def _parts(call: Call, query: Pairs, content: Content, pool: Pool) -> Sequence[Part] | Refused:
    action = pool[0][1].action
    try:
        parts = PROTOCOLS[action.protocol].parts(call, query, content, action.options)
    except MalformedError as error:
        return Refused(Reason.UNDECODABLE_BODY, error.why, f"The request was refused: {error.why}.")
    if not isinstance(parts, Refused) and not 0 < len(parts) <= _MAX_PARTS:
        return Refused(
            Reason.AMBIGUOUS_REQUEST, f"{len(parts)} operations in one request; at most {_MAX_PARTS}"
        )
    return parts


def _told(
    call: Call, query: Pairs, content: Content, part: Part, found: Found[Action], pool: Pool
) -> Clause | Part | Refused:
    """One part read by the action that names it most closely, or the part itself when none does.

    A body of a kind that this action does not read refuses the call: it never makes another action of it.
    """
    entry = by_operation(pool, part.operation, root_of(part, content))
    if entry is None:
        return part
    if content.kind not in ("none", *entry.action.kinds):
        return unread(call, entry.action.kinds)
    return read_clause(call, query, content, part, entry.action, found.variables(entry), found.labels)
