"""Paths of proposed actions."""

from __future__ import annotations

import pytest

from vienna_kernel.propose.field import Names
from vienna_kernel.propose.operation import Input
from vienna_kernel.propose.route import Route, route_of

SLASHES = [Input(name="p", place="path", slashes=True), Input(name="e", place="path", encoded=True)]


def route(path: str, base: str = "") -> Route:
    return route_of(base, path, SLASHES, Names())


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/", "/"),
        ("/a/", "/a/"),
        ("/a/{orderId}/b", "/a/{order_id}/b"),
        ("/a/{Sid}.json", "/a/{sid}.json"),
        ("/a/{id}:publish", "/a/{id}:publish"),
        ("/a/{x}/{X}", "/a/{x}/{x_path}"),
        ("/a/{base}...{head}", "/a/{base_and_head}"),
        ("/a/{p}", "/a/{p+}"),
        ("/a/{p}/b", "/a/{p:encoded}/b"),
        ("/a/v{p}", "/a/v{p:encoded}"),
        ("/a/{e}", "/a/{e:encoded}"),
        ("/a/{+name}", "/a/{name+}"),
        ("/a/{proxy+}", "/a/{proxy+}"),
        ("/a/{}", "/a/{field}"),
        ("/a/%41", "/a/A"),
        ("/a{?q,r}", "/a"),
    ],
)
def test_paths(path: str, told: str) -> None:
    found = route(path)
    assert (found.path, found.problem) == (told, "")


def test_the_base_path_stands_before_it() -> None:
    assert route("/a/{id}", "/v1").path == "/v1/a/{id}"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a b", "characters"),
        ("/é", "characters"),
        ("/a;b", "characters"),
        ("/a%2Fb", "characters"),
        ("/a%25b", "characters"),
        ("/a{b", "characters"),
        ("/a//b", "empty one"),
        ("/../a", "dot segment"),
        ("/#op", "fragment"),
        ("/a?x={y}", "the query in its path"),
        ("/a?", "the query in its path"),
        ("/a?x=1&x=2", "the query in its path"),
        ("/" + "a" * 500, "longer than"),
    ],
)
def test_what_no_request_can_take_has_a_problem(path: str, why: str) -> None:
    assert why in route(path).problem


def test_a_query_in_the_path() -> None:
    found = route("/a?x=1&y=a%20b")
    assert (found.path, found.query) == ("/a", (("x", "1"), ("y", "a b")))
    assert found.shape != route("/a").shape


def test_shapes_are_what_requests_tell_apart() -> None:
    assert route("/a/{x}").shape == route("/a/{y}").shape
    assert len({route(path).shape for path in ("/a/{x}", "/a/{x}.json", "/a/{p}", "/a/b", "/a/{x}/")}) == 5


def test_a_path_with_values() -> None:
    assert route("/a/{id}/[b]").sample({"id": "x y"}) == "/a/x%20y/%5Bb%5D"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/v1/orders/{id}", "shop:orders/{id}"),
        ("/api/v2/rest/orders", "shop:orders"),
        ("/2010-04-01/Accounts/{Sid}.json", "shop:Accounts/{sid}"),
        ("/v1", "shop:v1"),
        ("/", "shop:"),
        ("/" + "/".join(["abcdefgh"] * 52), "shop"),
    ],
)
def test_targets(path: str, target: str) -> None:
    assert route(path).target("shop:") == target
