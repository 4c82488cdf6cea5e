"""Traffic as proposals: a mapping for each host, with an action for each operation that was seen.

What was not seen is not known: nothing is required, what is not declared passes and is flagged, and every effect is a
guess from method and words. How often and by how many agents it was seen stands above each action.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby

from vienna_kernel.intent import Effect
from vienna_kernel.mapping.words import host_pattern
from vienna_kernel.propose import naming
from vienna_kernel.propose.cluster import Cluster, clusters
from vienna_kernel.propose.draft import Draft, draft_of
from vienna_kernel.propose.listing import Listed, Skipped
from vienna_kernel.propose.observed import Seen, joined
from vienna_kernel.propose.operation import Input, Operation, Payload
from vienna_kernel.propose.proposal import Proposal, id_of
from vienna_kernel.propose.server import Server
from vienna_kernel.propose.shape import ANY, Shape
from vienna_kernel.propose.surroundings import Surroundings
from vienna_kernel.propose.words import singular, words

_MAX_KEYS = 60
_UNSENT = frozenset({"TRACE", "CONNECT", "PRI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the traffic.

    Attributes:
        version: Of the proposals.
        origin: Where the traffic is from, in a few words.
        variables: Paths that name variables: ``/repos/{owner}/{repo}``.
        taken: Mappings that are there, each with the name of an action of it.
    """

    version: str
    origin: str
    variables: Sequence[str] = ()
    taken: frozenset[tuple[str, str]] = frozenset()


def proposals(calls: Iterable[Seen], known: Known) -> list[Proposal]:
    """A proposal for each host, by name; a host that cannot be mapped has one without actions."""
    found = clusters(calls, variables=known.variables)
    made = []
    ids = {mapping for mapping, _ in known.taken}
    taken = {action for _, action in known.taken}
    for host, rows in groupby(found, key=lambda one: one.host):
        one = _proposal(host, list(rows), known, ids, taken)
        ids.add(one.id)
        taken |= {draft.name for draft in one.drafts}
        made.append(one)
    return made


def _proposal(host: str, found: Sequence[Cluster], known: Known, ids: set[str], taken: set[str]) -> Proposal:
    base = Proposal(
        id=_id(host, ids),
        version=known.version,
        hosts=(host,),
        origin=known.origin,
        drafts=(),
        told="as it was seen",
    )
    if not _is_name(host):
        why = "a mapping is for a host with a name"
        return replace(base, skipped=tuple(Skipped(f"{c.method} {c.path}", host, why) for c in found))
    listed = [_listed(one) for one in found]
    names = naming.names(listed, taken=taken, space=base.id.replace("-", "_"))
    around = Surroundings(listed)
    drafts: list[Draft] = []
    skipped: list[Skipped] = []
    for cluster, one, name in zip(found, listed, names, strict=True):
        made = _draft(cluster, one, name, around)
        if made.route.problem or one.method in _UNSENT:
            why = made.route.problem or f"{one.method} is refused by the gate"
            skipped.append(Skipped(one.label, f"{host}: seen {len(cluster.calls)} times", why))
        else:
            drafts.append(made)
    return replace(base, drafts=tuple(drafts), skipped=tuple(skipped))


def _is_name(host: str) -> bool:
    try:
        return bool(host_pattern(host)) and not host.replace(".", "").isdigit()
    except ValueError:
        return False


def _id(host: str, ids: set[str]) -> str:
    """An id that no other mapping has: where ``github`` is one, ``github_seen``."""
    base = id_of(host)
    options = [base, f"{base[:58]}_seen", *(f"{base[:58]}_{number}" for number in range(2, len(ids) + 4))]
    return next(text for text in options if text not in ids)


def _listed(one: Cluster) -> Listed:
    """The operation as a description would list it, with names for its variables."""
    path: list[str] = []
    last, used = "", set[str]()
    for piece in one.pieces:
        if not piece.variable:
            path.append(piece.literal)
            last = piece.literal or last
            continue
        told = piece.name or "_".join(singular(word) for word in words(last)[-2:]) or "id"
        name, number = told, 2
        while name in used:
            name, number = f"{told}_{number}", number + 1
        used.add(name)
        path.append(f"{{{name}}}{piece.end}")
    return Listed(method=one.method, path="/" + "/".join(path))


def _draft(cluster: Cluster, listed: Listed, name: str, around: Surroundings) -> Draft:
    holes = [piece for piece in listed.path.split("/") if piece.startswith("{")]
    coded = [piece.encoded for piece in cluster.pieces if piece.variable]
    inputs = [
        Input(name=hole[1:].partition("}")[0], place="path", shape=Shape(kind="string"), encoded=encoded)
        for hole, encoded in zip(holes, coded, strict=True)
    ]
    notes: list[str] = []
    operation = Operation(inputs=(*inputs, *_query(cluster, notes)), payloads=tuple(_payloads(cluster)))
    made = draft_of(listed, operation, name=name, server=Server(), around=around)
    agents = f" by {cluster.agents} agent{'s' if cluster.agents != 1 else ''}" if cluster.agents else ""
    times = "once" if len(cluster.calls) == 1 else f"{len(cluster.calls)} times"
    flagged = "" if made.effect.value == Effect.READ else "flag"
    return replace(made, unknown=flagged, notes=(f"seen {times}{agents}", *notes, *made.notes))


def _query(cluster: Cluster, notes: list[str]) -> list[Input]:
    """Keys that were seen, sorted; ``filter[a]`` and ``filter[b]`` are one object."""
    keys = sorted({key for call in cluster.calls for key in call.query})
    plain = [key for key in keys if "[" not in key or key.endswith("[]")]
    deep = sorted({key.partition("[")[0] for key in keys if key not in plain} - set(plain))
    if len(plain) > _MAX_KEYS:
        notes.append(f"{len(plain)} keys were seen in its query; {_MAX_KEYS} stand here")
    found = [Input(name=key, place="query", shape=Shape(kind="string")) for key in plain[:_MAX_KEYS]]
    return found + [
        Input(name=key, place="query", shape=Shape(kind="object"), deep=True) for key in deep[:_MAX_KEYS]
    ]


def _payloads(cluster: Cluster) -> list[Payload]:
    """One for each content type that was seen."""
    medias = sorted({call.media for call in cluster.calls if call.media})
    return [
        Payload(
            kind=next(call.kind for call in cluster.calls if call.media == media),
            media=media,
            shape=_told(
                [call.body for call in cluster.calls if call.media == media and call.body is not None]
            ),
        )
        for media in medias
    ]


def _told(shapes: Sequence[Shape]) -> Shape:
    """The shape of all of them; a body of none is an object that was never looked into."""
    return _known(reduce(joined, shapes)) if shapes else ANY


def _known(shape: Shape) -> Shape:
    """What was only ever null can be anything. Members by name: in which order they came first says nothing."""
    if shape.kind == "null":
        return ANY
    return replace(
        shape,
        members={key: _known(member) for key, member in sorted(shape.members.items())},
        item=_known(shape.item) if shape.item else None,
    )
