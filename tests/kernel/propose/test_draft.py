"""One action as it is proposed."""

from __future__ import annotations

from propose_kit import INT, STR, actions, api, body, one, post, proposed, thing

MONEY = thing("amount currency", amount=INT, currency=STR, to=STR, note=STR)


def test_a_summary_of_its_words_and_what_it_takes() -> None:
    assert post(thing("title", title=STR), path="/a/{x}/b/{y}")["summary"] == "Create a b: {x}/{y}, {title}"
    assert post(thing(title=STR), path="/things")["summary"] == "Create thing"
    assert post(thing("password", password=STR))["summary"] == "Create thing"
    assert post(MONEY, path="/payouts")["summary"] == "Create payout of {amount|money}"
    long = one(
        api({"/" + "/".join(f"{{{'v' * 30}{i}}}" for i in range(12)): {"get": {"operationId": "getIt"}}})
    )
    assert long["summary"] == "Get it"


def test_what_a_reviewer_must_know_stands_above_it() -> None:
    doc = api({"/a/{b}...{c}": {"post": {"deprecated": True, "requestBody": {"$ref": "#/gone"}}}})
    assert proposed(doc).proposal.drafts[0].notes == (
        "the body: '#/gone' names nothing",
        "{b}...{c} is read as one variable",
        "deprecated",
    )


def test_a_read_lets_more_pass_than_a_write() -> None:
    found = actions(proposed(api({"/a": {"get": {}, "post": {"requestBody": body(thing(a=STR))}}})))
    assert "unknown_params" not in found["list_a" if "list_a" in found else "get_a"]
    assert found["create_a"]["unknown_params"] == "reject"


def test_a_version_in_the_base_path_that_may_vary_is_a_variable_with_its_values() -> None:
    servers = [
        {"url": "https://a.example.com/{v}", "variables": {"v": {"enum": ["v1", "v2"], "default": "v1"}}}
    ]
    action = one(api({"/a": {"get": {}}}, servers=servers))
    assert action["match"]["path"] == "/{v}/a"
    assert action["params"] == {"v": {"from": "path", "enum": ["v1", "v2"]}}


def test_the_target_names_what_is_acted_on() -> None:
    assert one(api({"/orders/{id}/lines": {"get": {}}}))["target"] == "shop:orders/{id}/lines"
