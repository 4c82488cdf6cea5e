"""One action as it is proposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vienna_kernel.intent import Effect
from vienna_kernel.propose import guess
from vienna_kernel.propose.body import NO_BODY, Body, body_of
from vienna_kernel.propose.echo import NO_PROMISE, Answer, answer_of
from vienna_kernel.propose.field import Field, Names
from vienna_kernel.propose.guess import Guess
from vienna_kernel.propose.inputs import Inputs, inputs_of
from vienna_kernel.propose.listing import Listed
from vienna_kernel.propose.operation import Input, Operation
from vienna_kernel.propose.route import Route, route_of
from vienna_kernel.propose.server import Server
from vienna_kernel.propose.shape import Shape
from vienna_kernel.propose.surroundings import Surroundings

_SALIENT = (
    "to",
    "email",
    "recipient",
    "channel",
    "subject",
    "title",
    "name",
    "text",
    "message",
    "role",
    "permission",
)
_MAX_SUMMARY = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What will be written of one action.

    Attributes:
        methods: Upper-case.
        fields: Parameters, those of the path first.
        unknown: ``reject``, ``flag``, or empty for what the file says.
        idempotency: The API's own header, empty when it has none.
        where: Where it stands in what it was made of.
        notes: What a reviewer must know, in sentences; written above it.
    """

    name: str
    methods: tuple[str, ...]
    route: Route
    fields: tuple[Field, ...] = ()
    body: Body = NO_BODY
    unknown: str = ""
    effect: Guess
    reversibility: Guess
    tier: Guess
    answer: Answer = NO_PROMISE
    idempotency: str = ""
    where: str = ""
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``POST /v1/refunds``."""
        return f"{self.methods[0]} {self.route.path}"

    @property
    def money(self) -> Field | None:
        """The amount that it moves, where it spends."""
        if self.effect.value != Effect.SPEND:
            return None
        return next((field for field in self.fields if field.currency), None)

    def target(self, owner: str) -> str:
        """What it acts on, with the host in it where there are several."""
        hosts = "".join(f"{{{field.name}}}/" for field in self.fields if field.source == "host")
        return self.route.target(f"{owner}:{hosts}")

    @property
    def summary(self) -> str:
        """A sentence for people, of the words of its name and what it takes."""
        verb, _, rest = self.name.replace(".", "_").partition("_")
        text = f"{verb.capitalize()} {rest.replace('_', ' ')}".strip()
        if self.money is not None:
            text += f" of {{{self.money.name}|money}}"
        held = "/".join(f"{{{field.name}}}" for field in self.fields if field.source in ("host", "path"))
        told = [f"{{{field.name}}}" for field in self.fields if _tells(field)][:2]
        whole = ": ".join(part for part in (text, ", ".join(part for part in (held, *told) if part)) if part)
        return whole if len(whole) <= _MAX_SUMMARY else text[:_MAX_SUMMARY]


def _tells(field: Field) -> bool:
    return (
        field.required
        and not field.redact
        and field.source not in ("host", "path")
        and field.name in _SALIENT
    )


def draft_of(
    listed: Listed,
    operation: Operation,
    *,
    name: str,
    server: Server,
    around: Surroundings,
    told: Sequence[str] = (),
) -> Draft:
    """The action of one operation. Its route's ``problem`` says when there can be none.

    ``told``: names of what tells its hosts apart; none when there is one.
    """
    names = Names()
    inputs = (*operation.inputs, *_of_base(server))
    route = route_of(server.base, listed.path, inputs, names)
    asked = inputs_of(inputs, route, names)
    body = body_of(operation.payloads, names)
    fields = (*_of_host(told, server, names), *asked.fields, *body.fields)
    money = any(field.currency for field in fields)
    subject = around.subject(listed, verb=name.partition("_")[0], money=money)
    effect = guess.effect(subject)
    reads = effect.value == Effect.READ
    made = Draft(
        name=name,
        methods=(listed.method,),
        route=route,
        fields=fields,
        body=body,
        effect=effect,
        reversibility=guess.reversibility(subject, effect),
        tier=guess.tier(subject, effect),
        answer=NO_PROMISE if reads else answer_of(operation, fields),
        idempotency=asked.idempotency,
        notes=_notes(listed, operation, route, asked, body),
    )
    if reads:
        return made
    return replace(made, unknown="flag" if body.open else "reject")


def _of_host(told: Sequence[str], server: Server, names: Names) -> Iterator[Field]:
    """Which of several hosts: of ``*.example.com`` what its star stands for."""
    keys = ("label", "last_label") if tuple(told) == server.labels else ("",)
    for name, key in zip(told, keys, strict=False):
        yield Field(name=names.give(name, otherwise="host"), source="host", key=key)


def _of_base(server: Server) -> Iterator[Input]:
    """Variables of the base path that have several values."""
    for name, values in server.values.items():
        yield Input(name=name, place="path", shape=Shape(kind="string", enum=values), required=True)


def _notes(listed: Listed, operation: Operation, route: Route, asked: Inputs, body: Body) -> tuple[str, ...]:
    told = [*operation.problems, *route.notes, *asked.notes, *body.notes]
    if body.open:
        told.append(f"unknown parameters pass, flagged: {body.open}")
    if listed.node.get("deprecated") is True:
        told.append("deprecated")
    return tuple(dict.fromkeys(told))
