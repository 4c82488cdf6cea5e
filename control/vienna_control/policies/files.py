"""What lies on disk: documents of rules, tiers, mappings and groups under the configured files and folders.

1. Folders are read to the bottom; which files in them count is ``shipped.counts``.
2. The kind a document names decides what it is; a document without a known kind is an error.
3. A shipped mapping counts unless one of the same id lies in the configured places; the shipped tiers count where no
   tiers lie there.
4. In strict mode a mapping in the configured places needs a case for each of its actions, beside it or within.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vienna_kernel import shipped
from vienna_kernel.approval.group import Group, from_documents
from vienna_kernel.document import Document, DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.kept import parsed
from vienna_kernel.mapping.strict import uncovered


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents of one reading, parsed but not yet compiled.

    Attributes:
        texts: Each mapping as it stands on disk, under its id: what the gates compile.
        groups: Groups of approvers, their order and duty.
    """

    rules: tuple[Document, ...]
    tiers: Document
    mappings: tuple[Document, ...]
    texts: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...] = ()


def default_places() -> tuple[Path, ...]:
    """Where policies are read when the settings name no place."""
    return (shipped.root(),)


def stamp(places: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Path, size and time of change of every file that counts, and of its cases: another stamp, another content."""
    found = []
    for path in (each for counted in _files(places) for each in (counted, _cases_of(counted))):
        try:
            facts = path.stat()
        except OSError:
            continue
        found.append((str(path), facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def read(places: Sequence[Path], *, strict: bool = False) -> Sources:
    """Read and parse everything.

    ``strict``: a mapping that nobody has tried is refused. Raises ``MalformedError`` (file, line, column) for what
    cannot be read, ``DocumentError`` with every action that has no case.
    """
    own = _Shelf()
    for path in _files(places):
        own.put(path)
    if strict and (wrong := [each for path, document in own.paths for each in _untried(path, document)]):
        raise DocumentError(wrong)
    lent = _Shelf()
    root = shipped.root()
    if root not in [place.resolve() for place in places]:
        for path in _files([root / "tiers.yaml", root / "mappings"]):
            lent.put(path)
    mappings = {**lent.mappings, **own.mappings}
    tiers = own.tiers or lent.tiers
    if tiers is None:
        raise MalformedError(str(places[0]) if places else "policies", "no document of kind Tiers was found")
    return Sources(
        rules=tuple(own.rules),
        tiers=tiers,
        mappings=tuple(document for document, _ in mappings.values()),
        texts=tuple((name, text) for name, (_, text) in mappings.items()),
        groups=from_documents(own.groups),
    )


class _Shelf:
    """Documents by kind; two mappings of one id and two tier tables are errors. ``paths``: of the mappings."""

    def __init__(self) -> None:
        self.paths: list[tuple[Path, Document]] = []
        self.rules: list[Document] = []
        self.groups: list[Document] = []
        self.tiers: Document | None = None
        self.mappings: dict[str, tuple[Document, str]] = {}

    def put(self, path: Path) -> None:
        text = _text(path)
        document = parsed(text, _shown(path))
        kind = document.data.get("kind") if isinstance(document.data, dict) else None
        if kind == "Rules":
            self.rules.append(document)
        elif kind == "Groups":
            self.groups.append(document)
        elif kind == "Tiers":
            if self.tiers is not None:
                raise MalformedError(document.where(), f"tiers stand in {self.tiers.name} already")
            self.tiers = document
        elif kind == "Mapping":
            name = document.data.get("id")
            if not isinstance(name, str) or not name:
                raise MalformedError(document.where(("id",)), "a mapping needs an id")
            if name in self.mappings:
                raise MalformedError(
                    document.where(("id",)),
                    f"the mapping {name!r} stands in {self.mappings[name][0].name} already",
                )
            self.mappings[name] = (document, text)
            self.paths.append((path, document))
        else:
            came = f"kind {kind!r}" if kind else "no kind"
            raise MalformedError(
                document.where(("kind",)), f"expected a kind of {', '.join(shipped.KINDS)}; came {came}"
            )


def _cases_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}{shipped.CASES}{path.suffix}")


def _untried(path: Path, document: Document) -> Iterator[MalformedError]:
    """A complaint for each action of a mapping that has no case, with what to do."""
    beside = _cases_of(path)
    cases = parsed(_text(beside), _shown(beside)) if beside.is_file() else None
    for wrong in uncovered(document, cases):
        why = f"{wrong.why}: write it into {beside.name} beside it (VIENNA_STRICT_MAPPINGS=false loads it untried)"
        yield MalformedError(wrong.where, why)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MalformedError(_shown(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MalformedError(_shown(path), "is not UTF-8") from None


def _shown(path: Path) -> str:
    """The path as a person at the prompt would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def inside(places: Iterable[Path], name: str) -> str:
    """The name of a document, of today or of before, as its folder has it: without where the folder lies."""
    path = Path(name).absolute()
    for place in places:
        if path != place.absolute() and path.is_relative_to(place.absolute()):
            return str(path.relative_to(place.absolute()))
    return path.name


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(
                path
                for path in place.rglob("*")
                if shipped.counts(path.relative_to(place).parts) and path.is_file()
            )
        elif place.exists():
            yield place
        else:
            raise MalformedError(_shown(place), "there is no such file or folder")
