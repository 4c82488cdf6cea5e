"""Mappings held against the description of an API: what it lists and none maps, what they map and it does not list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from vienna_kernel.document import Document, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.document import MappingModel
from vienna_kernel.mapping.host import fits
from vienna_kernel.mapping.route import Pattern, compile_pattern
from vienna_kernel.mapping.words import as_list
from vienna_kernel.propose.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One action of a mapping, as far as it is a place that requests go to.

    Attributes:
        operations: Whether it is told from others of its path by what the body says.
        query: Keys that must stand in the query.
    """

    mapping: str
    action: str
    hosts: tuple[str, ...]
    methods: tuple[str, ...]
    path: str
    pattern: Pattern
    operations: bool = False
    query: frozenset[str] = frozenset()

    def serves(self, host: str) -> bool:
        """Whether requests to a host are its own."""
        return fits(host, self.hosts)

    def takes(self, method: str, path: str, query: Iterable[str] = ()) -> bool:
        """Whether a request to a path, percent-encoded, is one of its own."""
        raw = path[1:].split("/")
        plain = [unquote(segment) for segment in raw]
        fits = method in self.methods and self.pattern.match(raw, plain) is not None
        return fits and self.query <= frozenset(query)


def mapped_of(documents: Sequence[Document]) -> list[Mapped]:
    """The actions of mapping files that hold. Errors: ``DocumentError`` for one that does not."""
    found = []
    for document in documents:
        model = read(MappingModel, document)
        for action in model.actions:
            try:
                pattern = compile_pattern(action.match.path, where=document.name)
            except MalformedError:
                continue  # told when it is loaded
            found.append(
                Mapped(
                    mapping=model.id,
                    action=action.action,
                    hosts=tuple(model.hosts),
                    methods=tuple(action.match.methods),
                    path=action.match.path,
                    pattern=pattern,
                    operations=bool(as_list(action.match.operation)) or bool(action.match.having),
                    query=frozenset(action.match.query),
                )
            )
    return found


def not_mapped(drafts: Sequence[Draft], hosts: Sequence[str], mapped: Sequence[Mapped]) -> Iterator[Draft]:
    """Operations of a description that no mapping of its hosts takes."""
    ours = [one for one in mapped if any(one.serves(host) for host in hosts)]
    for draft in drafts:
        path = draft.route.sample({segment.name: "x1" for segment in draft.route.segments if segment.name})
        query = [key for key, _ in draft.route.query]
        if not any(one.takes(method, path, query) for one in ours for method in draft.methods):
            yield draft


def not_documented(
    drafts: Sequence[Draft], hosts: Sequence[str], mapped: Sequence[Mapped]
) -> Iterator[tuple[Mapped, str]]:
    """Actions with a method whose requests the description does not list."""
    known = [(draft.methods, compile_pattern(draft.route.path, where=draft.name)) for draft in drafts]
    for one in mapped:
        if not any(one.serves(host) for host in hosts):
            continue
        raw = _sample(one.pattern)
        for method in one.methods:
            if not any(
                method in methods and pattern.match(raw, raw) is not None for methods, pattern in known
            ):
                yield one, method


def _sample(pattern: Pattern) -> list[str]:
    return [f"{s.before}x1{s.after}" if s.name else s.before for s in pattern.segments]
