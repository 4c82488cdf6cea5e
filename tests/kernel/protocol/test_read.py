"""The table of readers, and what holds for all of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_kit import FORM, content, request
from vienna_kernel.decode import form
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.verdict import Refused

NAMES = {
    "rest",
    "json",
    "form",
    "multipart",
    "graphql",
    "jsonrpc",
    "mcp",
    "aws-query",
    "aws-json",
    "aws-rest",
    "k8s",
    "sql-http",
    "git-smart-http",
    "websocket",
    "opaque",
}
SQL = {"dialect": "clickhouse", "statement": "body", "operation": "/type"}

TYPES = st.sampled_from(
    [
        None,
        "application/json",
        "application/x-amz-json-1.1",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/x-git-receive-pack-request",
        "application/x-git-upload-pack-request",
        "application/octet-stream",
        "text/plain",
        FORM,
    ]
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "UPGRADE", "MESSAGE"])
PATHS = st.sampled_from(
    ["/", "/graphql", "/api/v1/namespaces/a/pods/b", "/r.git/git-receive-pack", "/r.git/info/refs"]
) | st.text("/aps%2Fnx", max_size=12).map(lambda text: "/" + text.replace("%", "%2F"))
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["query", "Action", "dryRun", "watch", "service", "variables", "a.1", "param_x"]),
        st.text(max_size=6),
    ),
    max_size=4,
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-a", "x-amz-target", "git-protocol"]
        ),
        st.sampled_from(["2026-07-28", "2025-06-18", "tools/call", "A.B", "=?base64?YQ==?=", "", "\xff"]),
    ),
    max_size=4,
)
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6)
WORDS = (
    "query variables operationName jsonrpc method params id name arguments _meta metadata spec replicas op path value "
    "kind items dryRun result statement"
).split()
KEYS = st.sampled_from(WORDS) | st.text(max_size=4)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def test_every_protocol_of_the_format_has_its_reader() -> None:
    assert set(PROTOCOLS) >= NAMES


@pytest.mark.parametrize("name", ["rest", "json", "form", "multipart", "aws-rest", "opaque"])
def test_where_no_operation_is_named_there_is_one_part_that_says_nothing(name: str) -> None:
    call = request("POST", "/", {"a": 1})
    assert PROTOCOLS[name].parts(call, [], content(call), {}) == (Part(),)


def test_an_opaque_body_is_never_decoded() -> None:
    for method in ("POST", "GET", "DELETE"):
        assert PROTOCOLS["opaque"].kinds(method, {}) == {"bytes"}


@pytest.mark.parametrize("name", sorted(NAMES - {"opaque"}))
def test_a_get_carries_no_body(name: str) -> None:
    assert not PROTOCOLS[name].kinds("GET", SQL)


def test_the_table_loads_no_heavy_library() -> None:
    code = (
        "import sys, vienna_kernel.protocol.read\n"
        "sys.exit(bool({'sqlglot', 'graphql', 'yaml'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
@given(
    method=METHODS,
    path=PATHS,
    query=QUERIES,
    headers=HEADERS,
    kind=TYPES,
    body=VALUES,
    junk=st.binary(max_size=40),
)
def test_readers_are_total(
    name: str,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    kind: str | None,
    body: object,
    junk: bytes,
) -> None:
    for sent in (body, junk):
        call = request(method, path, sent, headers=headers, content_type=kind)
        try:
            found = PROTOCOLS[name].parts(call, query, content(call), SQL)
        except MalformedError:
            continue
        assert isinstance(found, Refused) or (found and all(isinstance(part, Part) for part in found))


@given(
    st.lists(st.tuples(st.text("abA.1member", min_size=1, max_size=9), st.text("x", max_size=2)), max_size=6)
)
def test_a_form_gives_one_reading_or_none(pairs: list[tuple[str, str]]) -> None:
    text = "&".join(f"{key}={value}" for key, value in [("Action", "A"), *pairs])
    call = request("POST", "/", text, content_type=FORM)
    try:
        found = PROTOCOLS["aws-query"].parts(call, [], content(call), {})
    except MalformedError:
        return
    assert not isinstance(found, Refused)
    assert len(form.loads(call.body)) == len(pairs) + 1
