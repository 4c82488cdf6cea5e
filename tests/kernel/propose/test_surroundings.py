"""What lies around an operation."""

from __future__ import annotations

import pytest

from propose_kit import listed
from vienna_kernel.propose.surroundings import Surroundings

ALL = [
    listed("GET", "/orders"),
    listed("POST", "/orders"),
    listed("GET", "/orders/{id}"),
    listed("DELETE", "/orders/{orderId}/"),
    listed("GET", "/orders/{id}/lines"),
    listed("GET", "/orders-old/{id}"),
    listed("PUT", "/settings"),
    listed("GET", "/settings?x=1"),
    listed("DELETE", "/orders"),
    listed("PATCH", "/orders/{id}"),
    listed("PUT", "/stars/{id}"),
    listed("DELETE", "/stars/{id}"),
]


@pytest.mark.parametrize(
    ("method", "path", "below", "collection", "item", "undone_by"),
    [
        ("POST", "/orders", 4, True, False, "DELETE /orders/{orderId}/ takes it back"),
        ("PATCH", "/orders/{id}", 1, False, True, "GET /orders/{id} tells what to set it back to"),
        ("PUT", "/settings", 0, False, False, "GET /settings?x=1 tells what to set it back to"),
        ("PUT", "/stars/{id}", 0, False, True, "DELETE /stars/{id} takes it back"),
        ("DELETE", "/orders", 4, True, False, ""),
        ("GET", "/orders/{id}/lines", 0, False, False, ""),
        ("POST", "/nowhere", 0, False, False, ""),
    ],
)
def test_what_is_told(
    method: str, path: str, below: int, collection: bool, item: bool, undone_by: str
) -> None:
    found = Surroundings(ALL).subject(listed(method, path), verb="x", money=False)
    assert (found.below, found.collection, found.item, found.undone_by) == (
        below,
        collection,
        item,
        undone_by,
    )


def test_words() -> None:
    one = listed("POST", "/v1/orders/{id}/payment-links", tags=("Payments", "Old API"))
    found = Surroundings([one]).subject(one, verb="create", money=True)
    assert (found.about, found.tags, found.money) == (("payment", "link"), ("payment", "old", "api"), True)
    root = listed("GET", "/")
    assert Surroundings([root]).subject(root, verb="get", money=False).about == ()
