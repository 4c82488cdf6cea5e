"""GraphQL: as many answers as there are requests, or none in its form."""

from __future__ import annotations

from typing import Any

import pytest

from dialect_kit import asking
from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render


@pytest.mark.parametrize("body", [[], {}, [{"query": "{a}"}] * 51, {"query": 1}, [1], "x", None])
@pytest.mark.parametrize("protocol", ["graphql", None])
def test_graphql_that_cannot_be_counted_keeps_its_status(body: Any, protocol: str | None) -> None:
    response = render(Answer(reason=Reason.POLICY_DENIED), asking(body, path="/graphql"), protocol=protocol)
    assert b'"errors"' in (response.content or b"")
    assert response.status_code == 403
