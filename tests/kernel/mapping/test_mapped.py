"""What a call means, and what is promised of its answer."""

from __future__ import annotations

from mapping_kit import action, compiled, post
from vienna_kernel.mapping.reading import Mapped


def mapped(more: str) -> Mapped:
    found = compiled(action("a: {from: json}", more=more)).map(post({"a": "x"}))
    assert isinstance(found, Mapped)
    return found


def test_whether_the_answer_is_looked_into() -> None:
    rows = {
        "": (False, False),
        "verify: {status: [200]}": (False, False),
        "response_fields: [/id]": (False, True),
        "verify: {equal: [{header: X-A, param: a}]}": (False, False),
        "verify: {equal: [{pointer: /a, param: a}]}": (True, True),
        "verify: {absent: [/errors]}": (True, True),
        "verify: {max_body: 1KiB}": (False, True),
    }
    assert {more: (mapped(more).needs_body, mapped(more).reads_answer) for more in rows} == rows


def test_how_large_an_answer_may_be() -> None:
    assert mapped("verify: {status: [200], max_body: 1KiB}").max_body == 1024
    assert mapped("verify: {status: [200]}").max_body is None
    assert mapped("").max_body is None


def test_a_fingerprint_is_one_agents() -> None:
    found = mapped("")
    assert found.fingerprint_for("a") != found.fingerprint_for("b")
    assert found.fingerprint_for("a") == mapped("").fingerprint_for("a")
