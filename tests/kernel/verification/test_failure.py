"""What a protocol says of a part beside a status of success, over every shape of an answer."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from vienna_kernel.decode.pointer import MISSING, find
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification import Promise, Result
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.failure import said

F, A = Result.FAILED, Result.AMBIGUOUS


def promise(answer: tuple[str, ...], failed: tuple[str, ...], *, reading: bool = False) -> Promise:
    intent = Intent(
        action="x",
        target="t",
        parameters={},
        effect=Effect.READ if reading else Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
    )
    return Promise((intent,), None, answer, (failed,))


def told(whole: Any, asked: Promise) -> Result | None:
    own = MISSING if whole is MISSING else find(whole, asked.answer)
    check = said(asked, Answer(whole, own, textual=False))
    return None if check is None else check.result


MUTATION = promise(("data", "m"), ("errors",))
QUERY = promise(("data", "m"), ("errors",), reading=True)
AT, BELOW, OTHER, UNSAID = {"path": ["m"]}, {"path": ["m", "x"]}, {"path": ["o"]}, {"message": "no"}


@pytest.mark.parametrize(
    ("data", "errors", "write", "read"),
    [
        ({"m": {}}, [], None, None),
        ({"m": {}}, None, None, None),
        ({"m": None}, [OTHER], None, None),
        ({"m": None}, [AT], F, F),
        ({}, [AT], F, F),
        ({"m": None}, [AT, OTHER], F, F),
        ({"m": None}, [BELOW], A, F),
        ({"m": None}, [AT, BELOW], A, F),
        ({"m": None}, [UNSAID], A, F),
        ({"m": None}, [{"path": []}], A, F),
        ({"m": None}, [{"path": [0]}], A, F),
        ({"m": None}, [{"path": "m"}], A, F),
        ({"m": None}, ["text"], A, F),
        ({"m": {}}, [AT], A, None),
        ({"m": {}}, [BELOW], A, None),
        ({"m": {}}, [UNSAID], A, None),
        ({"m": {}}, [OTHER], None, None),
        ({"m": {}}, "text", A, None),
        ({"m": None}, "text", F, F),
        ({"m": None}, {"message": "no"}, F, F),
        (None, [UNSAID], A, F),
        (MISSING, [UNSAID], F, F),
        (MISSING, [OTHER], F, F),
        (MISSING, [BELOW], F, F),
        (MISSING, [], None, None),
    ],
)
def test_errors_of_graphql(data: Any, errors: Any, write: Result | None, read: Result | None) -> None:
    whole = {"errors": errors} if data is MISSING else {"data": data, "errors": errors}
    assert told(whole, MUTATION) is write
    assert told(whole, QUERY) is read
    batched = [{}, whole]
    assert told(batched, promise(("1", "data", "m"), ("1", "errors"))) is write
    assert told(batched, promise(("1", "data", "m"), ("1", "errors"), reading=True)) is read


RPC, TOOL = promise(("result",), ("error",)), promise(("result",), ("result", "isError"))


@pytest.mark.parametrize(
    ("whole", "rpc", "tool"),
    [
        ({"result": {}}, None, None),
        ({"error": {"code": 1}}, F, None),
        ({"error": {"code": 1}, "result": None}, F, None),
        ({"error": {"code": 1}, "result": {}}, A, None),
        ({"error": None, "result": {}}, None, None),
        ({"result": {"isError": True}}, None, F),
        ({"result": {"isError": False}}, None, None),
        ({"result": {"isError": "yes"}}, None, F),
        ({}, None, None),
        (MISSING, None, None),
        (5, None, None),
    ],
)
def test_errors_of_json_rpc_and_of_tools(whole: Any, rpc: Result | None, tool: Result | None) -> None:
    assert told(whole, RPC) is rpc
    assert told(whole, TOOL) is tool


def test_a_place_in_an_answer_that_is_all_its_own() -> None:
    plain = promise((), ("fault",))
    assert told({"fault": "x"}, plain) is F
    assert told({"fault": ""}, plain) is None


def test_nothing_is_told_where_no_place_is_named() -> None:
    for whole, reading in product(({"errors": [AT]}, {}, None), (True, False)):
        asked = promise(("data", "m"), (), reading=reading)
        assert said(Promise(asked.intents, None, asked.answer), Answer(whole, MISSING, textual=False)) is None


def test_what_stands_there_is_not_repeated() -> None:
    check = said(MUTATION, Answer({"errors": [{"message": "s3cret"}]}, MISSING, textual=False))
    assert check is not None
    assert (check.name, check.actual) == ("/errors", "errors")
    check = said(TOOL, Answer({"result": {"isError": True}}, {"isError": True}, textual=False))
    assert check is not None
    assert (check.name, check.actual) == ("/result/isError", True)
