"""One part of a call, read by the action that was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent
from vienna_kernel.mapping import inner
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.intent import mapped_intent
from vienna_kernel.mapping.param import POINTED, Reading, Wire, read_wire
from vienna_kernel.mapping.settle import settle
from vienna_kernel.mapping.shown import MANY, param_of, shown_form, shown_json
from vienna_kernel.mapping.template import for_people, path
from vienna_kernel.protocol.part import Part
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

_MAX_ITEMS = 1000
_TREES = frozenset({"json", "form", "multipart", "xml", "mime"})
_SPELLED = frozenset({"aws-query"})
"""Protocols whose operations are text whatever they mean."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One part with its action.

    Attributes:
        content: The body, its inner documents decoded.
        readings: One, or one for each item.
        unknown: What stands there and is not declared.
    """

    part: Part
    action: Action
    content: Content
    readings: tuple[Reading, ...]
    unknown: tuple[str, ...]

    def asks(self) -> list[str] | Refused:
        """Paths of the reads that must be made first; empty when none."""
        if self.action.preflight is None:
            return []
        found = []
        for reading in self.readings:
            texts = (path(template, reading.values) for template in self.action.preflight.paths)
            told = next((text for text in texts if text is not None), None)
            if told is None:
                name = self.action.name
                return Refused(
                    Reason.INVALID_PARAMETER,
                    f"{name}: what it acts on is not named",
                    f"{name}: name what it acts on, as a plain identifier.",
                )
            found.append(told)
        return found

    def intents(self, facts: Value) -> tuple[Intent, ...] | Refused:
        """What this part would do. ``facts``: the preflight answer or None."""
        found: list[Intent] = []
        for reading in self.readings:
            settled = settle(self.action.params, reading, facts)
            if isinstance(settled, Refused):
                return settled
            intent = mapped_intent(self.action, settled, facts)
            if isinstance(intent, Refused):
                return intent
            found.append(intent)
        return tuple(found)

    def shown(self) -> Value:
        """The part for people: declared values, the shape of the rest."""
        if self.part.value is not MISSING:
            shown = shown_json(self.part.value, self.action.operation_tree)
            return {"operation": for_people(self.part.operation), "of": shown}
        if self.content.pairs is not None and self.action.form_params:
            return shown_form(self.content.pairs, self.action.form_params)
        if self.content.value is MISSING:
            return None
        return shown_json(self.content.value, self.action.body_tree)

    def current(self, facts: Value) -> dict[str, Value]:
        """The current state as far as the mapping shows it."""
        if self.action.preflight is None:
            return {}
        rows = {text: pointer.find(facts, steps) for text, steps in self.action.preflight.show}
        return {text: value for text, value in rows.items() if value is not MISSING}


def read_clause(
    call: Call,
    query: Pairs,
    content: Content,
    part: Part,
    action: Action,
    variables: Mapping[str, str],
    labels: Sequence[str] = (),
) -> Clause | Refused:
    """Read one part by its action, as far as the call itself tells.

    Args:
        variables: Of the path.
        labels: Of the host, those that stand for a ``*``.
    """
    try:
        if action.inner:
            part, content = _decoded(part, content, action)
        unknown = [] if action.unknown == "allow" else _unknown(query, content, part, action)
        items = _items(part, content, action)
    except MalformedError as error:
        return Refused(Reason.UNDECODABLE_BODY, error.why, f"The request was refused: {error.why}.")
    refused = unknown if action.unknown == "reject" else _respelled(unknown, action)
    unknown = _told(unknown)
    if refused:
        names = ", ".join(_told(refused[:5]))
        return Refused(
            Reason.UNKNOWN_PARAMETER,
            f"{action.name}: not declared by {action.mapping}: {names}",
            f"{action.name} does not accept: {names}. Leave it out and try again.",
        )
    wire = Wire(
        host=call.host,
        labels=labels,
        path=variables,
        query=query,
        headers=call.headers,
        content=content,
        operation=part.value,
        spelled=action.protocol in _SPELLED,
    )
    if action.each is None:
        read = read_wire(action.params, wire)
        return read if isinstance(read, Refused) else Clause(part, action, content, (read,), tuple(unknown))
    readings = []
    for item in items:
        read = read_wire(action.params, replace(wire, item=item))
        if isinstance(read, Refused):
            return read
        readings.append(read)
    return Clause(part, action, content, tuple(readings), tuple(unknown))


def root_of(part: Part, content: Content) -> Found:
    """What ``inner``, ``each`` and ``having`` point into: the operation, else the body."""
    return content.value if part.value is MISSING else part.value


def _decoded(part: Part, content: Content, action: Action) -> tuple[Part, Content]:
    root = root_of(part, content)
    if root is MISSING:
        return part, content
    value = inner.decode(root, action.inner)
    if part.value is MISSING:
        return part, replace(content, value=value)
    return replace(part, value=value), content


def _items(part: Part, content: Content, action: Action) -> Sequence[Found]:
    """Every item of ``each``; one that is missing where there is no such list, for its parameters to complain."""
    root = root_of(part, content)
    if action.each is None or root is MISSING:
        return (MISSING,)
    found = pointer.find(root, action.each)
    items: Sequence[Found] = found if isinstance(found, list) else (found,)
    if len(items) > _MAX_ITEMS:
        raise MalformedError("body", f"more than {_MAX_ITEMS} items in one request")
    return items or (MISSING,)


def _unknown(query: Pairs, content: Content, part: Part, action: Action) -> list[str]:
    """Names of parameters that the mapping does not declare."""
    volatile = action.volatile
    known = part.query | volatile.query | {key for key, _ in action.discriminator.query}
    names = [key for key, _ in query if key not in known and not param_of(key, action.query_params)]
    if part.value is not MISSING:
        names += _unknown_of_part(part, action)
    elif content.pairs is not None and action.form_params:
        keys = [key for key, _ in content.pairs]
        names += [key for key in keys if key not in volatile.fields and not param_of(key, action.form_params)]
    elif content.kind in _TREES and content.value is not MISSING:
        names += [name for name in action.body_tree.unknown(content.value) if name[1:] not in volatile.fields]
    return names


def _told(names: Sequence[str]) -> list[str]:
    return [for_people(name, limit=60) for name in names]


def _respelled(unknown: Sequence[str], action: Action) -> list[str]:
    """Of what is not declared the names that a parameter has but for their letter case.

    Some servers read ``to`` as ``To``; where both stand there, nobody can tell which one counts.
    """
    if not unknown:
        return []
    ways = [param.pointer if param.place in POINTED else (param.key,) for param in action.params]
    known = {_numberless("/".join(way[:length])) for way in ways for length in range(1, len(way) + 1)}
    folded = {name.casefold() for name in known}
    names = [(name, _numberless(name.removeprefix("/"))) for name in unknown]
    return [name for name, plain in names if plain not in known and plain.casefold() in folded]


def _numberless(name: str) -> str:
    """A pointer with a ``*`` for every place in a list."""
    return "/".join(MANY if step.isdecimal() else step for step in name.split("/"))


def _unknown_of_part(part: Part, action: Action) -> list[str]:
    if part.open is None or part.value is MISSING:
        return []
    tree = action.operation_tree
    for step in part.open:
        if tree.param is not None or tree.volatile:
            return []
        tree = tree.below.get(step, tree.nothing())
    found = pointer.find(part.value, part.open)
    if found is MISSING or found is None:
        return []
    at = "".join(f"/{step}" for step in part.open)
    return [name for name in tree.unknown(found, at) if name != "/"]
