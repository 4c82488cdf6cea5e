"""Protocols that name no operation: method, path and parameters say it all (REST, forms, files)."""

from __future__ import annotations

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content, Kind
from vienna_kernel.decode.form import Pairs
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import RAW, Options, Parts, Reader, by_method

_WRITING = ("POST", "PUT", "PATCH")


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    return (Part(),)


def reading(*kinds: Kind) -> Reader:
    """A reader of one part, with bodies of these kinds where a method usually has one."""
    return Reader(parts=_parts, kinds=by_method({method: frozenset(kinds) for method in _WRITING}))


OPAQUE = Reader(parts=_parts, kinds=lambda method, options: RAW)
"""Any body with any method, told by its length and digest only."""
