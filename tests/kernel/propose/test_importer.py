"""Descriptions of APIs as proposals: real ones, small ones, hostile ones."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from propose_kit import INT, STR, actions, api, body, failing, loaded, one, post, proposed, swagger, thing
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import apidoc
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.importer import Importer, Wanted

APIS = Path(__file__).parents[4] / "shared" / "apis"

REAL = {  # operations, and those of them that no mapping can take, each with why
    "github_api": (
        1223,
        {"it is reached at uploads.github.com", "its requests are those of compare_repo_commits"},
    ),
    "openai": (288, set[str]()),
    "sendgrid": (334, set[str]()),
    "slack_web_openapi_v2": (174, set[str]()),
    "twilio_api_v2010": (197, set[str]()),
}


@cache
def described(name: str) -> ApiDoc:
    """A real description; without the files beside the checkout the test is skipped."""
    file = APIS / f"{name}.json.gz"
    if not file.exists():
        pytest.skip("the public API descriptions (../shared/apis) are not beside this checkout")
    return apidoc.parse(gzip.decompress(file.read_bytes()), name=file.name)


@cache
def real(name: str) -> Finished:
    return proposed(described(name))


of_each = pytest.mark.parametrize("name", REAL)


@of_each
def test_a_real_description_loads_and_every_case_passes(name: str) -> None:
    finished = real(name)
    count, reasons = REAL[name]
    assert loaded(finished).hosts == set(finished.proposal.hosts)
    assert failing(finished) == []
    skipped = finished.proposal.skipped
    assert len(finished.proposal.drafts) + len(skipped) == count
    assert {row.why.partition(":")[0] for row in skipped} == reasons
    assert all(row.where.startswith(f"{name}.json.gz:") for row in skipped)


@of_each
def test_every_guess_of_a_real_description_is_marked(name: str) -> None:
    lines = real(name).mapping.splitlines()
    guesses = [
        line
        for line in lines
        if line.lstrip().startswith(("effect:", "reversibility:", "default_tier:", "cost:"))
    ]
    assert len(guesses) >= 3 * len(real(name).proposal.drafts)
    assert [line for line in guesses if "  # guessed: " not in line] == []
    hidden = [line for line in lines if "redact: true" in line or "minor_units" in line]
    assert [line for line in hidden if "  # guessed: " not in line] == []


@of_each
def test_a_real_description_gives_its_facts_and_not_its_prose(name: str) -> None:
    prose = [
        text
        for item in described(name).data["paths"].values()
        for node in item.values()
        if isinstance(node, dict) and len(text := str(node.get("description", ""))) > 60
    ]
    assert [text for text in prose if text[:60] in real(name).mapping] == []


@pytest.mark.parametrize(
    ("name", "action", "effect", "tier", "path"),
    [
        ("github_api", "delete_repo", "delete", "T3", "/repos/{owner}/{repo}"),
        ("github_api", "create_issue", "write", "T1", "/repos/{owner}/{repo}/issues"),
        (
            "github_api",
            "add_repo_collaborator",
            "grant",
            "T2",
            "/repos/{owner}/{repo}/collaborators/{username}",
        ),
        ("github_api", "create_repo_deployment", "execute", "T2", "/repos/{owner}/{repo}/deployments"),
        ("github_api", "list_issues_for_repo", "read", "T0", "/repos/{owner}/{repo}/issues"),
        ("openai", "create_chat_completion", "write", "T1", "/v1/chat/completions"),
        ("openai", "delete_file", "delete", "T2", "/v1/files/{file_id}"),
        ("sendgrid", "send_mail", "send", "T1", "/v3/mail/send"),
        ("slack_web_openapi_v2", "post_chat_message", "send", "T1", "/api/chat.postMessage"),
        ("slack_web_openapi_v2", "invite_conversation", "grant", "T2", "/api/conversations.invite"),
        (
            "twilio_api_v2010",
            "create_message",
            "send",
            "T1",
            "/2010-04-01/Accounts/{account_sid}/Messages.json",
        ),
    ],
)
def test_what_is_guessed_of_real_operations(
    name: str, action: str, effect: str, tier: str, path: str
) -> None:
    draft = next(draft for draft in real(name).proposal.drafts if draft.name == action)
    assert (draft.effect.value, draft.tier.value, draft.route.path) == (effect, tier, path)


def test_recipients_of_a_mail_are_addresses() -> None:
    params = actions(real("sendgrid"))["send_mail"]["params"]
    assert params["personalizations_to_email"] == {
        "from": "json",
        "name": "/personalizations/*/to/*/email",
        "type": "email_list",
    }


PATHS = {
    "/orders": {
        "get": {"tags": ["Orders"]},
        "post": {"tags": ["Orders"], "requestBody": body(thing(title=STR))},
    },
    "/orders/{id}": {"delete": {"tags": ["Admin"]}},
    "/users/{id}": {"get": {}},
}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["list_orders", "create_order", "delete_order", "get_user"]),
        ({"only": ("POST /v1/*",)}, ["create_order"]),
        ({"only": ("/orders*",)}, ["list_orders", "create_order", "delete_order"]),
        ({"only": ("delete /orders/*", "GET /v1/users/*")}, ["delete_order", "get_user"]),
        ({"tags": ("admin",)}, ["delete_order"]),
        ({"methods": ("GET",)}, ["list_orders", "get_user"]),
        ({"methods": ("GET",), "tags": ("Orders",)}, ["list_orders"]),
    ],
)
def test_a_part_of_a_description(wanted: dict[str, Any], names: list[str]) -> None:
    assert list(actions(proposed(api(PATHS), **wanted))) == names


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"tags": ("ordres",)}, "no tag of it is 'ordres'; did you mean 'Orders'?"),
        ({"methods": ("GETT",)}, "no method of it is 'GETT'; did you mean 'GET'?"),
        ({"only": ("PATCH /orders",)}, "no operation of it is 'PATCH /orders'; did you mean 'GET /orders'?"),
        ({"methods": ("GET",), "tags": ("Admin",)}, "no operation of it is wanted"),
    ],
)
def test_a_part_that_is_none_is_told_with_the_nearest(wanted: dict[str, Any], why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        proposed(api(PATHS), **wanted)
    assert str(caught.value).startswith("shop.json:1:")
    assert caught.value.why.startswith(why.partition("; did")[0])


def test_names_do_not_depend_on_what_is_left_out() -> None:
    paths = {"/a/{id}": {"get": {"operationId": "getThing"}}, "/b/{id}": {"get": {"operationId": "getThing"}}}
    everything = list(actions(proposed(api(paths))))
    assert everything == ["get_thing", "get_thing_by_id"]
    assert list(actions(proposed(api(paths), only=("/b/*",)))) == ["get_thing_by_id"]


def test_the_name_of_another_mapping_is_not_taken() -> None:
    assert list(
        actions(proposed(api(PATHS), taken=frozenset({("erp", "create_order")}), methods=("POST",)))
    ) == ["create_shop_order"]
    assert list(
        actions(proposed(api(PATHS), taken=frozenset({("shop", "create_order")}), methods=("POST",)))
    ) == ["create_order"]


@pytest.mark.parametrize(
    ("more", "wanted", "hosts", "path"),
    [
        ({}, {}, ["api.shop.example"], "/v1/a"),
        ({"servers": [{"url": "https://API.Shop.example:8443/v2/"}]}, {}, ["api.shop.example"], "/v2/a"),
        ({"servers": [{"url": "/v3"}]}, {"host": "shop.corp.example"}, ["shop.corp.example"], "/v3/a"),
        ({"servers": []}, {"host": "shop.corp.example"}, ["shop.corp.example"], "/a"),
        (
            {"servers": [{"url": "https://a.shop.example"}, {"url": "https://b.shop.example"}]},
            {},
            ["a.shop.example", "b.shop.example"],
            "/a",
        ),
        (
            {"servers": [{"url": "https://a.shop.example"}, {"url": "https://b.shop.example"}]},
            {"host": "b.shop.example"},
            ["b.shop.example"],
            "/a",
        ),
        ({"servers": [{"url": "https://{region}.shop.example"}]}, {}, ["*.shop.example"], "/a"),
        ({"servers": [{"url": "https://{t}.api.{zone}.shop.example"}]}, {}, ["*.api.*.shop.example"], "/a"),
        (
            {"servers": [{"url": "https://{t}.shop.example"}, {"url": "https://shop.example"}]},
            {},
            ["*.shop.example", "shop.example"],
            "/a",
        ),
    ],
)
def test_hosts(more: dict[str, Any], wanted: dict[str, Any], hosts: list[str], path: str) -> None:
    finished = proposed(api({"/a": {"get": {}}}, **more), **wanted)
    assert list(finished.proposal.hosts) == hosts
    assert [draft.route.path for draft in finished.proposal.drafts] == [path]
    assert failing(finished) == []


@pytest.mark.parametrize(
    "servers", [[], [{"url": "/v1"}], [{"url": "http://localhost:3000"}], [{"url": "https://10.0.0.1/"}]]
)
def test_without_a_host_one_must_be_named(servers: list[Any]) -> None:
    with pytest.raises(MalformedError, match="give --host"):
        proposed(api({"/a": {"get": {}}}, servers=servers))


def test_of_several_hosts_the_target_says_which() -> None:
    action = one(api({"/a/{id}": {"get": {}}}, servers=[{"url": "https://{shop}.example.com"}]))
    assert action["params"] == {"shop": {"from": "host", "name": "label"}, "id": {"from": "path"}}
    assert action["target"] == "example:{shop}/a/{id}"
    both = one(api({"/a": {"get": {}}}, servers=[{"url": "https://{Shop}.api.{zone}.example.com"}]))
    assert both["params"]["zone"] == {"from": "host", "name": "last_label"}
    assert both["target"] == "example:{shop}/{zone}/a"


def test_what_is_reached_elsewhere_is_told_with_how_to_get_it() -> None:
    paths = {"/a": {"get": {}}, "/b": {"post": {"servers": [{"url": "https://up.shop.example"}]}}}
    finished = proposed(api(paths))
    (row,) = finished.proposal.skipped
    assert (row.operation, row.why) == (
        "POST /b",
        "it is reached at up.shop.example: import it with --host up.shop.example",
    )
    assert list(actions(proposed(api(paths), host="up.shop.example"))) == ["create_b"]


def test_two_operations_that_no_request_tells_apart_are_one_and_the_other_is_told() -> None:
    finished = proposed(api({"/a/{id}": {"get": {}}, "/a/{name}": {"get": {}, "put": {}}}))
    assert list(actions(finished)) == ["get_a", "replace_a"]
    (row,) = finished.proposal.skipped
    assert row.operation == "GET /a/{name}"
    assert row.why == "it takes the same requests as GET /a/{id}, which stands above it"


def test_a_query_in_a_path_tells_two_operations_apart() -> None:
    paths = {"/a": {"post": {}}, "/a?mode=dry": {"post": {}}, "/a?mode={x}": {"post": {}}, "/#a": {"get": {}}}
    finished = proposed(api(paths))
    queries = {name: action["match"].get("query") for name, action in actions(finished).items()}
    assert queries == {"create_a": None, "create_a_mode_dry": {"mode": "dry"}}
    assert failing(finished) == []
    assert [row.operation for row in finished.proposal.skipped] == ["POST /a?mode={x}", "GET /#a"]


def test_swagger() -> None:
    paths = {
        "/orders/{order_id}/notes": {
            "parameters": [{"$ref": "#/parameters/order"}],
            "post": {
                "operationId": "addNote",
                "parameters": [
                    {"in": "body", "name": "b", "required": True, "schema": {"$ref": "#/definitions/Note"}},
                    {"in": "query", "name": "notify", "type": "boolean"},
                    {"in": "query", "name": "to", "type": "array", "items": STR, "collectionFormat": "multi"},
                ],
                "responses": {"201": {"schema": {"$ref": "#/definitions/Note"}}},
            },
        },
        "/files": {
            "post": {
                "consumes": ["multipart/form-data"],
                "parameters": [
                    {"in": "formData", "name": "file", "type": "file", "required": True},
                    {"in": "formData", "name": "title", "type": "string"},
                ],
            }
        },
    }
    finished = proposed(
        swagger(
            paths,
            parameters={"order": {"in": "path", "name": "order_id", "required": True, "type": "integer"}},
            definitions={"Note": thing("text", text=STR, author={"type": "string", "format": "email"})},
        )
    )
    note = actions(finished)["add_note"]
    assert note["params"] == {
        "order_id": {"from": "path", "type": "int"},
        "notify": {"from": "query", "type": "bool"},
        "to": {"from": "query", "type": "string_list"},
        "text": {"from": "json", "required": True},
        "author": {"from": "json", "type": "email"},
    }
    assert note["verify"]["status"] == [201]
    assert [row["param"] for row in note["verify"]["equal"]] == ["text", "author"]
    upload = actions(finished)["create_file"]
    assert upload["body"] == ["multipart"]
    assert upload["params"]["file"] == {"from": "body", "type": "any", "required": True}
    assert failing(finished) == []


def test_money_and_secrets_by_their_names() -> None:
    schema = thing(
        "amount currency card",
        amount=INT,
        currency=STR,
        fee=INT,
        card=STR,
        api_key=STR,
        page_token=STR,
        max_tokens=INT,
        login=thing(password=STR, name=STR),
    )
    action = post(
        schema, path="/refunds", responses={"200": {"content": {"application/json": {"schema": schema}}}}
    )
    params = action["params"]
    assert params["amount"] == {
        "from": "json",
        "type": "minor_units",
        "currency_from": "params.currency",
        "required": True,
    }
    assert params["fee"] == {"from": "json", "type": "int"}
    assert params["api_key"] == {"from": "json", "redact": True}
    assert params["login_password"] == {"from": "json", "name": "/login/password", "redact": True}
    assert not any("redact" in params[name] for name in ("page_token", "max_tokens", "login_name", "card"))
    assert (action["effect"], action["default_tier"], action["unknown_params"]) == ("spend", "T2", "reject")
    assert action["cost"] == {"amount": "params.amount", "currency": "params.currency"}
    assert {"pointer": "/amount", "param": "amount"} in action["verify"]["equal"]
    assert "api_key" not in [row["param"] for row in action["verify"]["equal"]]
    assert action["summary"].startswith("Create refund of {amount|money}")


# Documents of hypothesis: names and schemas that nobody would write, and some that somebody does.

WORDS = st.sampled_from(
    ["id", "Id", "user-id", "a", "money", "amount", "currency", "token", "x.y", "é", "1st", "type"]
)
KEYS = st.one_of(
    WORDS, st.text(max_size=8), st.sampled_from(["a[b]", "a[]", "a[", "*", "~", "/", "_method", "true", "5"])
)
SEGMENTS = st.one_of(
    st.sampled_from(
        [
            "orders",
            "v1",
            "users",
            "id-1",
            "{id}",
            "{id}.json",
            "{a}-{b}",
            "x:{id}",
            "{p+}",
            "{}",
            "a b",
            "%41",
        ]
    ),
    st.text(alphabet="ab{}%;\\.é~-1/?=#&", max_size=5),
    WORDS.map(lambda word: f"{{{word}}}"),
)
LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "email"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uri"},
        {"type": "string", "format": "binary"},
        {"type": "string", "enum": ["a", "B", "", "yes", "5"]},
        {"type": "string", "enum": ["on", "true", "#", "a: b"]},
        {"type": "integer"},
        {"type": "integer", "format": "int64", "enum": [1, 2]},
        {"type": "number"},
        {"type": "boolean"},
        {"type": ["string", "null"]},
        {"type": "null"},
        {"const": "x"},
        {"$ref": "#/components/schemas/Loop"},
        {"$ref": "#/components/schemas/Nowhere"},
        {"$ref": "other.yaml#/A"},
        {},
        True,
        7,
    ]
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(KEYS, inner, max_size=4)
    return st.one_of(
        st.builds(
            lambda found, more, need: {
                "type": "object",
                "properties": found,
                "required": [*found][: need or 0],
                **({"additionalProperties": more} if more is not None else {}),
            },
            members,
            st.none() | st.booleans(),
            st.integers(0, 4),
        ),
        st.builds(lambda item: {"type": "array", "items": item}, inner),
        st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["allOf", "oneOf", "anyOf"]),
            st.lists(inner, max_size=3),
        ),
    )


SCHEMAS = st.recursive(LEAVES, _objects, max_leaves=8)
INPUTS = st.builds(
    lambda place, key, schema, more: {"in": place, "name": key, "schema": schema, **more},
    st.sampled_from(["path", "query", "header", "cookie", "body"]),
    KEYS,
    SCHEMAS,
    st.sampled_from(
        [{}, {"required": True}, {"style": "deepObject"}, {"explode": False}, {"allowReserved": True}]
    ),
)
BODIES = st.builds(
    body,
    SCHEMAS,
    st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "text/plain",
            "application/octet-stream",
            "*/*",
            "application/vnd.x+json; v=1",
        ]
    ),
    required=st.booleans(),
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "operationId": st.one_of(KEYS, st.sampled_from(["orders/list", "createOrder", "x_post"])),
        "summary": st.text(max_size=30),
        "tags": st.lists(KEYS, max_size=2),
        "parameters": st.lists(INPUTS, max_size=3),
        "requestBody": BODIES,
        "responses": st.dictionaries(
            st.sampled_from(["200", "201", "202", "204", "2XX", "default", "404"]),
            SCHEMAS.map(lambda schema: {"content": {"application/json": {"schema": schema}}}),
            max_size=2,
        ),
    },
)
METHODS = st.sampled_from(
    ["get", "post", "put", "patch", "delete", "head", "options", "trace", "x-note", "pst"]
)
DOCUMENTS = st.dictionaries(
    st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda found: "/" + "/".join(found)),
    st.dictionaries(METHODS, OPERATIONS, max_size=2),
    min_size=1,
    max_size=4,
)
SERVER = st.sampled_from(
    [
        "https://api.shop.example",
        "https://{t}.shop.example/{v}",
        "https://api.shop.example/v1/",
        "https://{t}.{u}.example/a{v}/b",
    ]
)


TOLD = (
    "it takes the same requests as",
    "its path has",
    "the path names its operation in a fragment",
    "the query in its path",
    "is no HTTP method",
    "TRACE is refused",
    "a request of it is refused: a form",  # a[] beside a: no form can hold both
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(paths=DOCUMENTS, server=SERVER)
def test_whatever_a_description_says_its_proposal_loads_and_its_cases_pass(
    paths: dict[str, Any], server: str
) -> None:
    doc = api(
        paths,
        servers=[
            {
                "url": server,
                "variables": {"t": {"default": "a"}, "u": {"default": "b"}, "v": {"enum": ["1", "2"]}},
            }
        ],
        components={"schemas": {"Loop": thing("next", next={"$ref": "#/components/schemas/Loop"}, name=STR)}},
    )
    asked = [method for item in paths.values() for method in item if not method.startswith("x-")]
    if not set(asked) - {"trace", "pst"}:
        return
    importer = Importer(doc, Wanted())
    for _ in importer.steps():
        pass
    proposal = importer.proposal()
    if not proposal.drafts:
        assert proposal.skipped
        return
    try:
        finished = finish(proposal)
    except MalformedError as error:
        why = error.why
        finished = None
    if finished is None:
        assert re.match(r"nothing of it can be mapped: .*: a request of it is refused: a form", why)
        return
    assert failing(finished) == []
    assert len(finished.proposal.drafts) + len(finished.proposal.skipped) == len(asked)
    shadowed = {f"its requests are those of {draft.name}" for draft in proposal.drafts}
    rest = [row.why for row in finished.proposal.skipped if row.why not in shadowed]
    assert [why for why in rest if not any(word in why for word in TOLD)] == []
