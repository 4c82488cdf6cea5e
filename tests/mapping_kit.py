"""A small mapping to vary, and calls to map with it."""

from __future__ import annotations

import json
from typing import Any

from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.document import parse
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped, MappingSet, NeedsPreflight
from vienna_kernel.verdict import Refused

HEAD = """\
apiVersion: vienna/v1
kind: Mapping
id: shop
version: v1
hosts: [shop.example]
protocol: rest
actions:
"""

ACTION = """\
  - action: pay
    match: {methods: [POST], path: /pay}
    target: shop
    effect: spend
    default_tier: T2
"""


def compiled(*texts: str, **options: Any) -> MappingSet:
    """Mapping files, named ``0.yaml``, ``1.yaml``, …"""
    documents = [parse(text, name=f"{i}.yaml") for i, text in enumerate(texts)]
    return MappingSet.compile(documents, **options)


def action(params: str = "", *, more: str = "", path: str = "/pay", methods: str = "POST") -> str:
    """A file of one action; ``params`` and ``more`` are lines in flow style."""
    text = ACTION.replace("/pay", f'"{path}"').replace("POST", methods)
    text += f"    params: {{{params}}}\n" if params else ""
    return HEAD + text + "".join(f"    {line}\n" for line in more.splitlines())


def request(text: str) -> Call:
    """A call from a request as cases write it."""
    found = canonicalise(parse_request(text))
    assert isinstance(found, Call), found
    return found


def post(body: Any, *, query: str = "", headers: str = "", host: str = "shop.example") -> Call:
    """A JSON request to ``/pay``; ``bytes`` go as they are."""
    text = body.decode() if isinstance(body, bytes) else json.dumps(body)
    return request(f"POST https://{host}/pay{query}\ncontent-type: application/json\n{headers}\n{text}\n")


def post_form(body: str, *, query: str = "") -> Call:
    return request(
        f"POST https://shop.example/pay{query}\ncontent-type: application/x-www-form-urlencoded\n\n{body}\n"
    )


def mapped(found: Mapped | NeedsPreflight | Refused) -> Mapped:
    assert isinstance(found, Mapped), found
    return found


def refused(found: Mapped | NeedsPreflight | Refused) -> Refused:
    assert isinstance(found, Refused), found
    return found
