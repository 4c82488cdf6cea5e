"""Which declared route a call takes."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.choose import Discriminator
from vienna_kernel.mapping.route import Entry, Index, compile_pattern


def match(pattern: str, path: str) -> dict[str, str] | None:
    raw = path[1:].split("/")
    return compile_pattern(pattern, where="here").match(raw, [unquote(text) for text in raw])


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("/", "/", {}),
        ("/a/b", "/a/b", {}),
        ("/a/b", "/a/%62", {}),
        ("/a/{x}", "/a/b", {"x": "b"}),
        ("/a/{x}", "/a/b%20c", {"x": "b c"}),
        ("/a/{x:encoded}", "/a/b%2Fc", {"x": "b%2Fc"}),
        ("/{x}/{y}", "/a/b", {"x": "a", "y": "b"}),
        ("/m/{x}:gen", "/m/a:gen", {"x": "a"}),
        ("/m/{x}:gen", "/m/a%3Agen", {"x": "a"}),
        ("/m/{x}:gen", "/m/a:gen:gen", {"x": "a:gen"}),
        ("/m/v{x}", "/m/v1", {"x": "1"}),
        ("/m/v{x}.json", "/m/v1.json", {"x": "1"}),
        ("/a/{x+}", "/a/b", {"x": "b"}),
        ("/a/{x+}", "/a/b/c%20d/e", {"x": "b/c d/e"}),
        ("/a/{x+:encoded}", "/a/b/", {"x": "b/"}),
        ("/a/{x+:encoded}", "/a/b/c%20d", {"x": "b/c d"}),
        ("/a/{x+:encoded}", "/a/b%2Fc/d%20%25", {"x": "b%2Fc/d %25"}),
        ("/a/{x+:encoded}", "/a/%252F", {"x": "%252F"}),
    ],
)
def test_a_path_matches(pattern: str, path: str, values: dict[str, str]) -> None:
    assert match(pattern, path) == values


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/a", "/b"),
        ("/a", "/a/"),
        ("/a", "/A"),
        ("/a/", "/a"),
        ("/a/{x}", "/a"),
        ("/a/{x}", "/a/"),
        ("/a/{x}", "/a/b/c"),
        ("/a/{x}", "/a/b%2Fc"),
        ("/a/{x}", "/a/100%25"),
        ("/a/{x+}", "/a/b/"),
        ("/a/{x+}", "/a/b/c/"),
        ("/a/{x}/c", "/a/b/d"),
        ("/m/{x}:gen", "/m/:gen"),
        ("/m/{x}:gen", "/m/a:genx"),
        ("/m/{x}:gen", "/m/agen"),
        ("/m/v{x}.v", "/m/v.v"),
        ("/m/aba{x}aba", "/m/ababa"),
        ("/a/{x+}", "/a"),
        ("/a/{x+}", "/a/"),
        ("/a/{x+}", "/a/b%2Fc"),
        ("/a/{x+}", "/a/b/c%25"),
        ("/a/{x+}", "/b/c"),
        ("/a/{x+:encoded}", "/a"),
        ("/a/{x+:encoded}", "/a/"),
    ],
)
def test_a_path_does_not_match(pattern: str, path: str) -> None:
    assert match(pattern, path) is None


@pytest.mark.parametrize(
    "pattern",
    ["/{x", "/x}", "/{x}{y}", "/{X}", "/{}", "/{x+}/a", "/a{x+}", "/{x+}a", "/{x}/{x}", "/{x:raw}", "/{{x}}"],
)
def test_a_pattern_that_has_no_reading_is_refused(pattern: str) -> None:
    with pytest.raises(MalformedError, match="here"):
        compile_pattern(pattern, where="here")


def index(*rows: tuple[str, str, str]) -> Index[str]:
    found: Index[str] = Index()
    for order, (host, method, path) in enumerate(rows):
        pattern = compile_pattern(path, where=f"row {order}")
        found.add(host, method, Entry(pattern, order, f"row {order}", Discriminator(), f"{host} {path}"))
    return found


def taken(of: Index[str], host: str, path: str, method: str = "GET") -> str | None:
    found = of.find(host, method, path)
    return found.route.entries[0][1].action if found else None


def test_an_exact_host_goes_before_a_wildcard() -> None:
    both = index(("*.a.example", "GET", "/x"), ("b.a.example", "GET", "/{v}"))
    assert taken(both, "b.a.example", "/x") == "b.a.example /{v}"
    assert taken(both, "c.a.example", "/x") == "*.a.example /x"
    assert taken(both, "b.a.example", "/x/y") is None


def test_a_wildcard_is_one_label() -> None:
    one = index(("*.a.example", "GET", "/x"))
    assert taken(one, "b.a.example", "/x")
    for host in ("a.example", "c.b.a.example", ".a.example.evil", "ba.example", "evil"):
        assert taken(one, host, "/x") is None


def test_of_wildcards_the_closest_goes_first() -> None:
    both = index(("ec2.*.a.example", "GET", "/x"), ("*.s3.a.example", "GET", "/{v}"))
    assert taken(both, "ec2.s3.a.example", "/x") == "*.s3.a.example /{v}"
    assert taken(both, "ec2.r.a.example", "/x") == "ec2.*.a.example /x"


def test_an_exact_host_that_has_no_route_leaves_it_to_the_wildcard() -> None:
    both = index(("*.a.example", "GET", "/x"), ("b.a.example", "GET", "/y"))
    assert taken(both, "b.a.example", "/x") == "*.a.example /x"


@pytest.mark.parametrize("turn", [1, -1])
def test_most_literal_segments_go_first_whatever_the_order(turn: int) -> None:
    rows = [("a", "GET", p) for p in ("/{x+}", "/v/{x}", "/v/w", "/{x}/w", "/v/{x}:gen", "/v/{x+}")][::turn]
    found = index(*rows)
    assert taken(found, "a", "/v/w") == "a /v/w"
    assert taken(found, "a", "/v/z:gen") == "a /v/{x}:gen"
    assert taken(found, "a", "/v/z") == "a /v/{x}"
    assert taken(found, "a", "/u/w") == "a /{x}/w"
    assert taken(found, "a", "/u/z") == "a /{x+}"
    assert taken(found, "a", "/v/z/z") == "a /v/{x+}"


def test_of_equals_that_overlap_the_earlier_goes_first() -> None:
    assert taken(index(("a", "GET", "/v/{x}"), ("a", "GET", "/{x}/w")), "a", "/v/w") == "a /v/{x}"
    assert taken(index(("a", "GET", "/{x}/w"), ("a", "GET", "/v/{x}")), "a", "/v/w") == "a /{x}/w"


def test_methods_are_exact() -> None:
    found = index(("a", "GET", "/x"), ("a", "POST", "/x"))
    assert taken(found, "a", "/x", "POST")
    assert taken(found, "a", "/x", "HEAD") is None
    assert taken(found, "a", "/x", "post") is None


@pytest.mark.parametrize(("first", "second"), [("/a/{x}", "/a/{y}"), ("/a", "/a"), ("/{x+}", "/{y+}")])
def test_two_routes_for_the_same_requests_are_refused(first: str, second: str) -> None:
    with pytest.raises(MalformedError, match="row 1: takes the same requests as row 0"):
        index(("a", "GET", first), ("a", "GET", second))
    index(("a", "GET", first), ("b", "GET", second), ("a", "PUT", second))


def test_one_address_has_one_spelling_of_its_segments() -> None:
    with pytest.raises(MalformedError, match="row 1: declares other encoded segments than row 0"):
        index(("a", "GET", "/{x}"), ("a", "GET", "/{x:encoded}"))


def test_actions_of_one_address_are_told_apart_by_what_they_name() -> None:
    found: Index[str] = Index()
    pattern = compile_pattern("/{key}", where="")
    for order, name in enumerate(("one", "two")):
        discriminator = Discriminator(operations=(name,))
        found.add("a", "POST", Entry(pattern, order, f"row {order}", discriminator, name))
    again = Entry(pattern, 2, "row 2", Discriminator(operations=("two", "three")), "two")
    with pytest.raises(MalformedError, match="row 2: takes the same requests as row 1"):
        found.add("a", "POST", again)


def test_variables_are_named_as_each_action_names_them() -> None:
    found: Index[str] = Index()
    for order, (name, key) in enumerate((("id", "x"), ("key", "y"))):
        pattern = compile_pattern(f"/{{{name}}}", where="")
        found.add("a", "GET", Entry(pattern, order, "", Discriminator(query=((key, None),)), name))
    route = found.find("a", "GET", "/v")
    assert route is not None
    assert [route.variables(entry) for _, entry in route.route.entries] == [{"id": "v"}, {"key": "v"}]
