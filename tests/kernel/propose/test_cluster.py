"""Which calls are one operation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.propose.cluster import Cluster, clusters, is_id, is_word
from vienna_kernel.propose.observed import Seen, seen


def paths(*told: str, method: str = "GET", variables: tuple[str, ...] = ()) -> list[str]:
    found = clusters([seen(method, f"https://a.example{path}") for path in told], variables=variables)
    return [one.path for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "00420",
        "+4917612345",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "ch_1abc",
        "cus_NffrFeUfNV2Hib",
        "ORD-123",
        "int-0192f0c1-aa00-7000-8000-000000000000",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "MFRGGZDFMZTWQ2LK",
        "AC5ef8732a3c49700934481addd5ce1659",
        "C024BE91L",
        "alice@example.com",
        "eyJhbGciOiJIUzI1Ng",
    ],
)
def test_ids(text: str) -> None:
    assert is_id(text)
    assert not is_word(text)


@pytest.mark.parametrize(
    "text",
    [
        "users",
        "getUser",
        "v1",
        "v1beta1",
        "v2.1",
        "chat.postMessage",
        "Messages.json",
        "api_keys",
        "mail-send",
        "SIP",
        "deadbeef",
        "",
    ],
)
def test_words(text: str) -> None:
    assert is_word(text)
    assert not is_id(text)


@pytest.mark.parametrize("text", ["Acme1", "2010-04-01", "us-east-1", "s3", "oauth2", "a b", "ORD-12"])
def test_what_is_neither(text: str) -> None:
    assert not is_word(text)
    assert not is_id(text)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (["/orders/1"], ["/orders/{}"]),
        (["/orders/1", "/orders/2", "/orders"], ["/orders", "/orders/{}"]),
        (["/users/me", "/users/1"], ["/users/me", "/users/{}"]),
        (["/users/list", "/users/search"], ["/users/list", "/users/search"]),
        (["/repos/acme/shop", "/repos/globex/shop"], ["/repos/acme/shop", "/repos/globex/shop"]),
        (["/v1/orders/1", "/v2/orders/1"], ["/v1/orders/{}", "/v2/orders/{}"]),
        (["/orgs/Acme1"], ["/orgs/Acme1"]),
        (["/orgs/Acme1", "/orgs/Globex2"], ["/orgs/{}"]),
        (["/orgs/Acme1/x", "/orgs/Globex2/y"], ["/orgs/Acme1/x", "/orgs/Globex2/y"]),
        (["/orgs/Acme1/users/1", "/orgs/Globex2/users/2"], ["/orgs/{}/users/{}"]),
        (["/orgs/Acme1", "/orgs/991"], ["/orgs/{}"]),
        (["/2010-04-01/a"], ["/2010-04-01/a"]),
        (["/s3/a", "/ec2/a", "/iam/a"], ["/ec2/a", "/iam/a", "/s3/a"]),
        (["/u/user1", "/u/user2"], ["/u/user1", "/u/user2"]),
        (["/u/user1", "/u/user2", "/u/user3"], ["/u/{}"]),
        (["/a/5f4dcc3b5aa765d6.json", "/a/6.json"], ["/a/{}.json"]),
        (["/a/1.json", "/a/1.xml"], ["/a/{}.json", "/a/{}.xml"]),
        (["/a/991:publish", "/a/991:cancel"], ["/a/{}:cancel", "/a/{}:publish"]),
        (["/"], ["/"]),
    ],
)
def test_paths(told: list[str], found: list[str]) -> None:
    assert paths(*told) == found


def test_variables_may_be_named() -> None:
    told = ("/repos/acme/shop/issues/1", "/repos/globex/parcel/issues/2", "/repos/acme")
    (short, whole) = clusters(
        [seen("GET", f"https://a.example{path}") for path in told], variables=["/repos/{owner}/{repo}"]
    )
    assert whole.path == "/repos/{}/{}/issues/{}"
    assert [piece.name for piece in whole.pieces if piece.variable] == ["owner", "repo", ""]
    assert short.path == "/repos/acme"


def test_methods_hosts_and_lengths_are_never_one() -> None:
    calls = [
        seen(method, url)
        for method in ("GET", "PUT")
        for url in ("https://a.example/x/1", "https://b.example/x/1", "https://a.example/x/1/2")
    ]
    assert len(clusters(calls)) == 6


def test_an_encoded_slash_is_remembered() -> None:
    (one,) = clusters(
        [seen("GET", "https://a.example/files/a1%2Fb22222222"), seen("GET", "https://a.example/files/991")]
    )
    assert one.pieces[1].encoded


def test_who_made_them() -> None:
    calls = [seen("GET", "https://a.example/x/1", agent=agent) for agent in ("a", "b", "a", "")]
    (one,) = clusters(calls)
    assert (len(one.calls), one.agents) == (4, 2)


SEGMENTS = st.sampled_from(
    [
        "users",
        "orders",
        "v1",
        "1",
        "22",
        "Acme1",
        "Globex2",
        "user1",
        "user2",
        "user3",
        "ch_1abc",
        "me",
        "a.json",
        "9.json",
    ]
)
CALLS = st.lists(
    st.builds(
        lambda method, path: seen(method, "https://a.example/" + "/".join(path)),
        st.sampled_from(["GET", "PUT"]),
        st.lists(SEGMENTS, min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=25,
)


def told(found: list[Cluster]) -> list[tuple[str, str, int]]:
    return [(one.method, one.path, len(one.calls)) for one in found]


@given(CALLS, st.integers(0, 9))
def test_the_order_of_the_calls_does_not_matter(calls: list[Seen], seed: int) -> None:
    other = list(calls)
    random.Random(seed).shuffle(other)
    assert told(clusters(other)) == told(clusters(calls))


@given(CALLS)
def test_every_call_is_in_one_cluster_and_words_are_never_merged(calls: list[Seen]) -> None:
    found = clusters(calls)
    assert sum(len(one.calls) for one in found) == len(calls)
    for one in found:
        for call in one.calls:
            for piece, segment in zip(one.pieces, call.segments, strict=True):
                assert piece.variable or piece.literal == segment
                assert not (piece.variable and is_word(segment))
