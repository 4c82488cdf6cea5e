"""The body of a request as it was decoded, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found

type Kind = Literal["none", "json", "form", "multipart", "xml", "mime", "text", "bytes"]

TEXTUAL = frozenset({"form", "multipart", "xml"})
"""Kinds whose values are text whatever they mean, so that ``true`` and ``5`` are spelled, not typed."""


@dataclass(frozen=True, slots=True)
class Content:
    """A decoded body.

    Attributes:
        value: The whole as a value: nested for a form, ``MISSING`` when there is no body.
        pairs: The fields of a form in order, None for every other kind.
    """

    kind: Kind = "none"
    value: Found = MISSING
    pairs: Pairs | None = None
