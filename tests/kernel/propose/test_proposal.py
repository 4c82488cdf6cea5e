"""What a proposal is called, and what it comes to."""

from __future__ import annotations

import pytest

from propose_kit import STR, api, body, proposed, thing
from vienna_kernel.propose.proposal import ID, id_of


@pytest.mark.parametrize(
    ("host", "id"),
    [
        ("api.github.com", "github"),
        ("github.com", "github"),
        ("*.shop.example", "shop"),
        ("api.stripe.co.uk", "stripe"),
        ("www.api.example.org", "example"),
        ("eu1.api.acme-corp.io", "acme_corp"),
        ("api.com", "api"),
        ("localhost", "localhost"),
        ("1password.com", "x_1_password"),
        ("10.0.0.1", "x_0"),
    ],
)
def test_ids(host: str, id: str) -> None:
    assert id_of(host) == id
    assert ID.match(id)


def test_counts_begin_with_what_is_least_at_stake() -> None:
    paths = {"/a": {"get": {}, "post": {}, "put": {}}, "/a/{id}": {"delete": {}}}
    assert proposed(api(paths)).proposal.table() == [
        ("read", "T0", 1, "get_a"),
        ("write", "T1", 2, "create_a"),
        ("delete", "T2", 1, "delete_a"),
    ]


def test_the_protocol_is_how_most_bodies_are_sent() -> None:
    form = body(thing(a=STR, b=STR), "application/x-www-form-urlencoded")
    assert proposed(api({"/a": {"post": {"requestBody": form}}})).proposal.protocol == "form"
    both = {
        "/a": {"post": {"requestBody": form}},
        "/b": {"post": {"requestBody": body(thing(a=STR, b=STR, c=STR))}},
    }
    assert proposed(api(both)).proposal.protocol == "rest"
