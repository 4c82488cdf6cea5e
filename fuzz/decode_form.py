"""Strict forms: pairs or ``MalformedError``; what is read is what the standard library reads; nesting is one tree."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fuzz import law
from vienna_kernel.decode import form
from vienna_kernel.errors import MalformedError

SEEDS = (
    b"charge=ch_1&amount=500&metadata[order]=ORD-1&expand[]=a&expand[]=b",
    b"a%5Bb%5D[]=%C3%BC+x&c=",
    b"a=1&a=2",
    b"a[b]=1&a=2&a[]=3",
)


def one_input(data: bytes) -> None:
    try:
        found = form.loads(data)
        law(
            found == parse_qsl(data.decode(), keep_blank_values=True, errors="strict"),
            "another reader agrees",
        )
        form.nest(found)
    except MalformedError as error:
        law(error.where == "body", "the place is named")
