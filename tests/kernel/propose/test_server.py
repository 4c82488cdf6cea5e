"""Hosts and base paths."""

from __future__ import annotations

from typing import Any

import pytest

from vienna_kernel.propose.server import Server, of_servers, of_swagger


def one(url: str, **variables: Any) -> Server:
    (found,) = of_servers([{"url": url, "variables": variables}])
    return found


@pytest.mark.parametrize(
    ("url", "hosts", "base"),
    [
        ("https://api.shop.example", ("api.shop.example",), ""),
        ("https://API.Shop.Example:8443/v1/", ("api.shop.example",), "/v1"),
        ("http://user:pass@api.shop.example//a//b?x#y", ("api.shop.example",), "/a/b"),
        ("//api.shop.example/v1", ("api.shop.example",), "/v1"),
        ("/v2", (), "/v2"),
        ("", (), ""),
        ("https://{tenant}.shop.example", ("*.shop.example",), ""),
        ("https://api-{tenant}.shop.example", (), ""),
        ("https://{host}", (), ""),
        ("https://exa mple/", (), ""),
    ],
)
def test_urls(url: str, hosts: tuple[str, ...], base: str) -> None:
    found = one(url)
    assert (found.hosts, found.base) == (hosts, base)


def test_variables_are_filled_in() -> None:
    regions = one("https://{region}.shop.example", region={"enum": ["eu", "us"], "default": "eu"})
    assert (regions.hosts, regions.labels) == (("eu.shop.example", "us.shop.example"), ())
    assert one("https://api.{zone}.example", zone={"default": "eu"}).hosts == ("api.eu.example",)
    assert one("https://api.{zone}.shop.example", zone={"default": "eu"}).hosts == ("api.*.shop.example",)
    assert one("https://{a}.{b}.{c}.shop.example", c={"default": "eu"}).hosts == ("*.*.eu.shop.example",)
    star = one("https://{tenant}.shop.example", tenant={"default": "acme"})
    assert (star.hosts, star.labels) == (("*.shop.example",), ("tenant",))
    assert one("https://{h}/{b}", h={"default": "a.example"}, b={"default": "/api/v3/"}) == Server(
        ("a.example",), "/api/v3"
    )
    several = one("https://a.example/{v}/x", v={"enum": ["v1", 2], "default": "v1"})
    assert (several.base, several.values) == ("/{v}/x", {"v": ("v1", "2")})
    assert one("https://a.example/{v}", v={"enum": ["v1"]}).base == "/v1"


def test_hosts_are_bounded() -> None:
    many = {"enum": [f"h{i}" for i in range(100)]}
    assert len(one("https://{a}.{b}.example", a=many, b=many).hosts) == 50


@pytest.mark.parametrize("servers", [None, {}, [7], [{"url": 7}], [{}]])
def test_what_is_no_list_of_servers_is_none(servers: Any) -> None:
    assert of_servers(servers) == ()


def test_swagger() -> None:
    assert of_swagger({"host": "a.example", "basePath": "/v1"}) == (Server(("a.example",), "/v1"),)
    assert of_swagger({"basePath": "v1"}) == (Server((), "/v1"),)
    assert of_swagger({"host": 7, "basePath": 8}) == (Server(),)
