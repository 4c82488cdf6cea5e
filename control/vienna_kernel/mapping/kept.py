"""Mapping files compiled once: a new rule, key or rung leaves them as they are, and reading them is slow."""

from __future__ import annotations

from functools import lru_cache

from vienna_kernel.document import Document, parse
from vienna_kernel.mapping.reading import MappingSet

type Files = tuple[tuple[str, str], ...]
type Hosts = tuple[tuple[str, tuple[str, ...]], ...]

_FILES = 512
_SETS = 16


@lru_cache(maxsize=_FILES)
def parsed(text: str, name: str) -> Document:
    """A document of a file; the same object for the same text, so nobody may change it. Errors: ``MalformedError``."""
    return parse(text, name=name)


@lru_cache(maxsize=_SETS)
def compiled(files: Files, hosts: Hosts = ()) -> MappingSet:
    """All mappings of these files.

    Args:
        files: Name and text of each.
        hosts: Further hosts by mapping id.

    Errors: ``DocumentError`` with every complaint and its place.
    """
    return MappingSet.compile([parsed(text, name) for name, text in files], extra_hosts=dict(hosts))
