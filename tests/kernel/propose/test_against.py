"""Mappings and descriptions, held against each other."""

from __future__ import annotations

import pytest

from mapping_kit import HEAD
from propose_kit import api
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.propose.against import Mapped, mapped_of, not_documented, not_mapped
from vienna_kernel.propose.importer import Importer, Wanted
from vienna_kernel.propose.proposal import Proposal


def mapped(*routes: str, hosts: str = "api.shop.example") -> list[Mapped]:
    text = HEAD.replace("shop.example", hosts)
    for i, route in enumerate(routes):
        method, _, path = route.partition(" ")
        plain, _, query = path.partition("?")
        more = f", query: [{query}]" if query else ""
        text += f'  - action: a{i}\n    match: {{methods: [{method}], path: "{plain}"{more}}}\n'
        text += "    target: x\n    effect: read\n    default_tier: T0\n"
        names = [
            piece.strip("{}+").removesuffix(":encoded") for piece in plain.split("/") if piece.startswith("{")
        ]
        text += f"    params: {{{', '.join(f'{name}: {{from: path}}' for name in names)}}}\n" if names else ""
    return mapped_of([parse(text, name="m.yaml")])


def described(*routes: str) -> Proposal:
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        method, _, path = route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = {}
    importer = Importer(api(paths, servers=[{"url": "https://api.shop.example"}]), Wanted())
    assert list(importer.steps())
    return importer.proposal()


@pytest.mark.parametrize(
    ("routes", "left"),
    [
        (["GET /orders/{id}"], ["POST /orders", "GET /orders"]),
        (["GET /orders", "POST /orders", "GET /orders/{x}"], []),
        (["GET /{all+}"], ["POST /orders"]),
        (["GET /orders/7"], ["POST /orders", "GET /orders", "GET /orders/{id}"]),
        (["GET /orders?dry"], ["POST /orders", "GET /orders", "GET /orders/{id}"]),
    ],
)
def test_what_no_mapping_takes(routes: list[str], left: list[str]) -> None:
    proposal = described("POST /orders", "GET /orders", "GET /orders/{id}")
    assert [draft.label for draft in not_mapped(proposal.drafts, proposal.hosts, mapped(*routes))] == left


@pytest.mark.parametrize(
    ("hosts", "serves"),
    [("api.shop.example", True), ('"*.shop.example"', True), ("api.other.example", False)],
)
def test_only_mappings_of_its_hosts_count(hosts: str, serves: bool) -> None:
    proposal = described("GET /orders")
    rows = mapped("GET /orders", "PUT /strange", hosts=hosts)
    assert bool(list(not_mapped(proposal.drafts, proposal.hosts, rows))) is not serves
    assert [
        (one.action, method) for one, method in not_documented(proposal.drafts, proposal.hosts, rows)
    ] == ([("a1", "PUT")] if serves else [])


def test_what_is_mapped_and_not_described() -> None:
    proposal = described("GET /orders/{id}", "POST /orders")
    rows = mapped(
        "GET /orders/{x}", "GET /orders/7", "DELETE /orders/{x}", "POST /orders/{x}", "POST /orders"
    )
    told = [f"{method} {one.path}" for one, method in not_documented(proposal.drafts, proposal.hosts, rows)]
    assert told == ["DELETE /orders/{x}", "POST /orders/{x}"]


def test_a_mapping_that_does_not_hold_is_an_error() -> None:
    with pytest.raises(DocumentError):
        mapped_of([parse("kind: Mapping\n", name="m.yaml")])


def test_a_query_in_a_description_is_one() -> None:
    proposal = described("GET /orders?dry=1")
    assert not list(not_mapped(proposal.drafts, proposal.hosts, mapped("GET /orders?dry")))
