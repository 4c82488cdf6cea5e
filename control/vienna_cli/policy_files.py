"""Rules, tiers and mappings as they lie on disk, compiled by the kernel as a control plane would, without one.

The same files count as for a control plane, in folders to the bottom (``shipped.counts``); shipped mappings count
beside one's own unless they share an id, shipped tiers where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vienna_cli.config import Installation
from vienna_cli.output import Code, Failure
from vienna_kernel import shipped
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.policy.ruleset import RuleSet


@dataclass(frozen=True)
class File:
    """One document and where it lies."""

    path: Path
    document: Document

    @property
    def kind(self) -> str:
        data = self.document.data
        return str(data.get("kind")) if isinstance(data, dict) else ""

    @property
    def id(self) -> str:
        return str(self.document.data.get("id", ""))

    def cases(self) -> Document | None:
        """The cases beside it, ``<name>_cases.yaml``; None when there are none."""
        beside = self.path.with_name(f"{self.path.stem}{shipped.CASES}{self.path.suffix}")
        return load(beside).document if beside.is_file() else None


@dataclass(frozen=True)
class Policies:
    """What was asked about, and what lies under it.

    Attributes:
        own: Files that were asked about.
        lent: Shipped ones that count beside them.
    """

    own: tuple[File, ...]
    lent: tuple[File, ...]

    @classmethod
    def find(cls, named: Sequence[Path], installation: Installation) -> Policies:
        """Those named, else those of the installation, else the shipped ones. Errors: ``Failure``."""
        root = shipped.root()
        places = [*named] or [*(installation.policies or ())] or [root]
        own = [load(path) for place in places for path in _files(place)]
        if not own:
            raise Failure(f"found no policy file in {', '.join(str(place) for place in places)}", Code.USAGE)
        ids = {(file.kind, file.id) for file in own if file.kind == "Mapping"}
        tiers = any(file.kind == "Tiers" for file in own)
        lent = [load(path) for place in (root / "tiers.yaml", root / "mappings") for path in _files(place)]
        seen = {file.path.resolve() for file in own}
        return cls(
            tuple(own),
            tuple(
                file
                for file in lent
                if file.path.resolve() not in seen
                and (file.kind, file.id) not in ids
                and not (file.kind == "Tiers" and tiers)
            ),
        )

    def of(self, kind: str) -> list[File]:
        """Files of a kind that were asked about."""
        return [file for file in self.own if file.kind == kind]

    def unknown(self) -> list[str]:
        """A sentence for each file whose kind is none of the three."""
        return [
            f"{file.document.where(('kind',))}: expected a kind of {', '.join(shipped.KINDS)}"
            for file in self.own
            if file.kind not in shipped.KINDS
        ]

    def mappings(self) -> MappingSet:
        """Every mapping that counts, compiled once. Errors: ``DocumentError``."""
        return self._mappings

    @cached_property
    def _mappings(self) -> MappingSet:
        return MappingSet.compile(
            [file.document for file in (*self.own, *self.lent) if file.kind == "Mapping"]
        )

    def tiers(self) -> TierTable:
        """The tier table that counts. Errors: ``DocumentError``, ``Failure`` for two of them."""
        found = [file for file in (*self.own, *self.lent) if file.kind == "Tiers"]
        if len(found) != 1:
            raise Failure(
                f"expected one document of kind Tiers, found {len(found)}: {', '.join(str(f.path) for f in found)}"
            )
        return TierTable.from_document(found[0].document)

    def rules(self, *files: File) -> RuleSet:
        """The rules of these files as one set. Errors: ``DocumentError``."""
        return RuleSet.compile([file.document for file in files], action_types=self.mappings().action_types)


def load(path: Path) -> File:
    """One file. Errors: ``Failure`` when it cannot be read, ``MalformedError`` when it is no document."""
    try:
        return File(path, parse(path.read_bytes(), name=_shown(path)))
    except MalformedError:
        raise
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", Code.USAGE) from None


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(
            path
            for path in place.rglob("*")
            if shipped.counts(path.relative_to(place).parts) and path.is_file()
        )
    else:
        yield place


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
