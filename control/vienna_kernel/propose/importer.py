"""A description as a proposal: which of its operations become actions, at which hosts, and what became of the others.

1. Names and surroundings come from all operations, so that choosing some changes nothing about them.
2. The hosts are those of most operations. What is reached elsewhere is told, with how to get it.
3. Two operations that no request could tell apart are one action; the second is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from vienna_kernel.document import nearest
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.words import host_pattern
from vienna_kernel.propose import naming
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.draft import Draft, draft_of
from vienna_kernel.propose.listing import Listed, Skipped, operations
from vienna_kernel.propose.operation import Reader
from vienna_kernel.propose.proposal import Proposal, id_of
from vienna_kernel.propose.reference import References
from vienna_kernel.propose.server import Server
from vienna_kernel.propose.surroundings import Surroundings

_ADDRESS = re.compile(r"[0-9.]+\Z|localhost\Z")
_VERSION = re.compile(r"[!-~]{1,40}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of a description, and what the proposal is called.

    Attributes:
        only: ``POST /v1/*``: methods and paths, with or without the base path; none: all.
        tags, methods: None: all.
        id: Of the mapping; empty: made of the host.
        host: One of the description's, or where it names none the one to use; empty: those of most operations.
        taken: Mappings that are there, each with the name of an action of it.
    """

    only: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    id: str = ""
    host: str = ""
    taken: frozenset[tuple[str, str]] = field(default=frozenset())


class Importer:
    """Reads one description. ``steps`` does the work, ``proposal`` tells the result."""

    def __init__(self, doc: ApiDoc, wanted: Wanted) -> None:
        """Errors: ``MalformedError`` when nothing is wanted or no host is known."""
        self._doc, self._wanted = doc, wanted
        self._references = References(doc.data)
        found = list(operations(doc, self._references))
        self._skipped = [one for one in found if isinstance(one, Skipped)]
        self._listed = [one for one in found if isinstance(one, Listed)]
        if not self._listed:
            why = self._skipped[0].why if self._skipped else "it describes no operation"
            raise MalformedError(doc.where("paths"), why)
        self._around = Surroundings(self._listed)
        self._hosts = self._chosen_hosts()
        self._id = wanted.id or id_of(self._hosts[0])
        taken = {action for mapping, action in wanted.taken if mapping != self._id}
        self._names = naming.names(self._listed, taken=taken, space=self._id.replace("-", "_"))
        self._chosen = [i for i, one in enumerate(self._listed) if self._is_wanted(one)]
        if not self._chosen:
            raise MalformedError(doc.where("paths"), self._nothing())
        self._drafts: list[Draft] = []
        self._seen: Counter[tuple[object, ...]] = Counter()
        self._labels: dict[tuple[object, ...], str] = {}

    @property
    def total(self) -> int:
        """How many operations there are to read."""
        return len(self._chosen)

    @property
    def left_out(self) -> int:
        """How many were not wanted."""
        return len(self._listed) - len(self._chosen)

    def steps(self) -> Iterator[Draft | Skipped]:
        """Reads operation after operation, in the order of the document."""
        reader = Reader(self._doc, self._references)
        for i in self._chosen:
            made = self._one(reader, self._listed[i], self._names[i])
            if isinstance(made, Draft):
                self._drafts.append(made)
            else:
                self._skipped.append(made)
            yield made

    def proposal(self) -> Proposal:
        """What was read so far."""
        info = self._doc.data.get("info")
        version = info.get("version") if isinstance(info, Mapping) else None
        return Proposal(
            id=self._id,
            version=version if isinstance(version, str) and _VERSION.match(version) else "1",
            hosts=self._hosts,
            origin=f"{self._doc.name} ({self._doc.title})" if self._doc.title else self._doc.name,
            drafts=tuple(self._drafts),
            skipped=tuple(self._skipped),
        )

    def _one(self, reader: Reader, listed: Listed, name: str) -> Draft | Skipped:
        server = self._server(listed)
        if server is None:
            hosts = sorted({host for one in listed.servers for host in one.hosts})
            return self._skip(
                listed, f"it is reached at {', '.join(hosts)}: import it with --host {hosts[0]}"
            )
        made = draft_of(
            listed,
            reader.read(listed),
            name=name,
            server=server,
            around=self._around,
            told=self._told(server),
        )
        if made.route.problem:
            return self._skip(listed, made.route.problem)
        key = (listed.method, made.route.shape)
        if key in self._labels:
            return self._skip(
                listed, f"it takes the same requests as {self._labels[key]}, which stands above it"
            )
        self._labels[key] = listed.label
        return replace(made, where=self._doc.where(*listed.at))

    def _told(self, server: Server) -> tuple[str, ...]:
        """Names of what tells the hosts apart: the variables of a ``*``, or the host itself; none for one host."""
        starred = [host.count("*") for host in self._hosts]
        if starred == [len(server.labels)] and all(starred):
            return server.labels
        return ("host",) if len(self._hosts) > 1 or any(starred) else ()

    def _skip(self, listed: Listed, why: str) -> Skipped:
        return Skipped(listed.label, self._doc.where(*listed.at), why)

    def _server(self, listed: Listed) -> Server | None:
        """Where this one is reached at one of the hosts of the proposal."""
        named = [one for one in listed.servers if one.hosts]
        if not named or self._foreign:
            return (*listed.servers, Server())[0]
        return next((one for one in named if set(one.hosts) & set(self._hosts)), None)

    def _chosen_hosts(self) -> tuple[str, ...]:
        told = Counter(_usable(one.servers) for one in self._listed)
        told.pop((), None)
        known = {host for hosts in told for host in hosts}
        self._foreign = bool(self._wanted.host) and self._wanted.host not in known
        if self._wanted.host:
            return (_host(self._wanted.host),)
        if not told:
            raise MalformedError(
                self._doc.where("servers"), "the description names no host that can be used: give --host"
            )
        return max(told, key=lambda hosts: told[hosts])  # of several as many the first

    def _nothing(self) -> str:
        """Why no operation is wanted, with what there is instead."""
        wanted = self._wanted
        known = {
            "tag": (wanted.tags, {tag for one in self._listed for tag in one.tags}),
            "method": (wanted.methods, {one.method for one in self._listed}),
            "operation": (wanted.only, {one.label for one in self._listed}),
        }
        for what, (asked, there) in known.items():
            for text in asked:
                if text.lower() not in {each.lower() for each in there}:
                    close = nearest(text, sorted(there))
                    return f"no {what} of it is {text!r}{close if 'did you' in close else ''}"
        return "no operation of it is wanted"

    def _is_wanted(self, one: Listed) -> bool:
        wanted = self._wanted
        if wanted.methods and one.method not in wanted.methods:
            return False
        if wanted.tags and not {tag.lower() for tag in one.tags} & {tag.lower() for tag in wanted.tags}:
            return False
        bases = ("", *(server.base for server in one.servers))
        return not wanted.only or any(_fits(text, one, bases) for text in wanted.only)


def _fits(text: str, one: Listed, bases: Sequence[str]) -> bool:
    method, space, path = text.strip().partition(" ")
    if not space:
        method, path = "*", method
    return fnmatchcase(one.method, method.upper()) and any(
        fnmatchcase(base + one.path, path.strip()) for base in bases
    )


def _usable(servers: Sequence[Server]) -> tuple[str, ...]:
    """Hosts of all servers that share the first base path; addresses and this machine are none."""
    named = [one for one in servers if one.hosts]
    hosts = [
        host for one in named if one.base == named[0].base for host in one.hosts if not _ADDRESS.match(host)
    ]
    return tuple(dict.fromkeys(hosts))


def _host(text: str) -> str:
    try:
        return host_pattern(text)
    except ValueError as error:
        raise MalformedError("--host", str(error)) from None
