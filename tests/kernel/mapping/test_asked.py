"""The part of a mapping file that speaks of the request; ``document`` tries it whole."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vienna_kernel.mapping.asked import CostModel, Match, NoneOf, ParamModel, SqlModel


def test_a_match_names_more_than_a_path() -> None:
    found = Match(
        methods=["PUT"], path="/{b}", query=["acl"], headers={"X-Copy": None}, having={"/a": [True]}
    )
    assert (found.query, found.headers, found.having) == (["acl"], {"X-Copy": None}, {"/a": [True]})
    assert Match(methods=["PUT"], path="/", having={"/a": NoneOf(none_of=["x"])}).having["/a"] == NoneOf(
        none_of=["x"]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": ["X Y"]},
        {"having": {"a": [1]}},
        {"having": {"/a": {"none_of": []}}},
        {"operation": "a*b"},
        {"operation": [""]},
        {"method": 1},
    ],
)
def test_what_is_no_match_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate({"methods": ["GET"], "path": "/"} | wrong)


def test_a_parameter_may_stand_in_many_places() -> None:
    for place in (
        "json",
        "body",
        "operation",
        "item",
        "derived",
        "query",
        "form",
        "path",
        "header",
        "const",
        "untold",
    ):
        assert ParamModel.model_validate({"from": place}).from_ == place
    with pytest.raises(ValidationError):
        ParamModel.model_validate({"from": "cookie"})
    with pytest.raises(ValidationError):
        ParamModel.model_validate({"from": "path", "case": "upper"})


def test_a_cost_has_a_currency_and_a_statement_a_dialect() -> None:
    with pytest.raises(ValidationError):
        CostModel.model_validate({"amount": 1})
    with pytest.raises(ValidationError):
        SqlModel.model_validate({"dialect": "My SQL"})
    assert SqlModel(dialect="clickhouse").statement == "body"
