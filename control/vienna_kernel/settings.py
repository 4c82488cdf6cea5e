"""The settings file ``vienna.yaml`` as all processes see it: its sections, each read by the process it is for.

A section of another process is left to that process; a key that is no section is refused by each of them.
"""

from __future__ import annotations

from collections.abc import Collection

from vienna_kernel.document import Document, nearest
from vienna_kernel.errors import MalformedError

SECTIONS = ("control", "gate", "bootstrap")


def sections(document: Document, wanted: Collection[str]) -> Document:
    """The document with the wanted sections only, empty ones left out, places kept.

    Errors: ``MalformedError`` for a key that is no section, or a document that is no object. An empty one is an empty
    object.
    """
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise MalformedError(document.where(), f"expected the sections {', '.join(SECTIONS)}")
    for key in data:
        if key not in SECTIONS:
            raise MalformedError(document.where((key,)), f"unknown key {key!r}{nearest(key, list(SECTIONS))}")
    own = {key: value for key, value in data.items() if key in wanted and value is not None}
    return Document(document.name, own, document.places)
