"""Mapping files into one index of routes and one registry of actions; every complaint is gathered, then raised."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from vienna_kernel.action import ActionType
from vienna_kernel.document import Document, DocumentError, read
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.compile import Compiler
from vienna_kernel.mapping.document import MappingModel
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.route import Entry, Index
from vienna_kernel.mapping.words import host_pattern
from vienna_kernel.value import Value, digest


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a set of mapping files comes to."""

    digest: str
    index: Index[Action]
    kinds: Mapping[str, ActionType]
    hosts: frozenset[str]


def load(documents: Sequence[Document], extra_hosts: Mapping[str, Sequence[str]]) -> Loaded:
    """All documents, or ``DocumentError`` with every complaint and its place."""
    return _Loader(extra_hosts).load(documents)


class _Loader:
    def __init__(self, extra_hosts: Mapping[str, Sequence[str]]) -> None:
        self._extra = extra_hosts
        self._errors: list[MalformedError] = []
        self._index: Index[Action] = Index()
        self._kinds: dict[str, ActionType] = {}
        self._hosts: set[str] = set()
        self._order = 0
        self._protocols: dict[Hashable, str] = {}

    def load(self, documents: Sequence[Document]) -> Loaded:
        seen: dict[str, str] = {}
        for document in documents:
            try:
                model = read(MappingModel, document)
            except DocumentError as error:
                self._errors += error.errors
                continue
            if model.id in seen:
                self._errors.append(
                    MalformedError(document.where(("id",)), f"stands in {seen[model.id]} already")
                )
                continue
            seen[model.id] = document.name
            self._put(document, model)
        for stranger in sorted(set(self._extra) - set(seen)):
            self._errors.append(MalformedError(f"hosts.{stranger}", "no mapping of this id is loaded"))
        if self._errors:
            raise DocumentError(self._errors)
        rows: Value = [document.data for document in documents]
        extra: Value = {key: list(hosts) for key, hosts in self._extra.items() if hosts}
        return Loaded(digest([rows, extra]), self._index, self._kinds, frozenset(self._hosts))

    def _put(self, document: Document, model: MappingModel) -> None:
        hosts = self._hosts_of(document, model)
        self._hosts.update(hosts)
        for i, action_model in enumerate(model.actions):
            place = Place(document, ("actions", i))
            try:
                action = Compiler(place, model, action_model).compile()
                self._register(action, place.where("action"))
                self._route(action, hosts, place.where("match"))
            except MalformedError as error:
                self._errors.append(error)

    def _register(self, action: Action, where: str) -> None:
        known = self._kinds.get(action.name)
        try:
            self._kinds[action.name] = action.kind if known is None else known.merge(action.kind)
        except MalformedError as error:
            raise MalformedError(where, error.why) from None

    def _hosts_of(self, document: Document, model: MappingModel) -> list[str]:
        hosts = list(model.hosts)
        for host in self._extra.get(model.id, ()):
            try:
                hosts.append(host_pattern(host))
            except ValueError as error:
                self._errors.append(MalformedError(f"hosts.{model.id}", str(error)))
        return list(dict.fromkeys(hosts))

    def _route(self, action: Action, hosts: Sequence[str], where: str) -> None:
        self._order += 1
        entry = Entry(action.pattern, self._order, where, action.discriminator, action)
        for host in hosts:
            for method in action.methods:
                spoken = self._protocols.setdefault((host, method, action.pattern.shape), action.protocol)
                if spoken != action.protocol:
                    raise MalformedError(
                        where, f"this address speaks {spoken} elsewhere, not {action.protocol}"
                    )
                self._index.add(host, method, entry)
