"""What a mapping promises about an answer, compiled."""

from __future__ import annotations

import pytest

from mapping_kit import action, compiled, post
from vienna_kernel.document import DocumentError
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification.spec import Among, AtMost, Equal, VerifySpec, Within

PARAMS = "a: {from: json}, n: {from: json, type: int}, to: {from: json, type: email_list}"


def spec(more: str) -> VerifySpec | None:
    found = compiled(action(PARAMS, more=more)).map(post({"a": "x", "n": 1}))
    assert isinstance(found, Mapped)
    return found.promises[0].spec


def test_every_row_is_compiled() -> None:
    found = spec(
        "verify: {status: [200], body: xml, equal: [{pointer: /a, param: a}, {header: X-N, param: n}],"
        " in: [{pointer: [/s, /t], values: [ok, 1]}], failed: [{pointer: /ok, values: [false]}], absent: [/errors],"
        " at_most: [{pointer: /n, param: n}, {header: X-Rows, value: 3}],"
        ' within: [{pointer: "/to/*", param: to}], max_body: 1KiB}\n'
        "response_fields: [/id]"
    )
    assert found == VerifySpec(
        status=(200,),
        body="xml",
        equal=(Equal(("/a",), "a", ParamType.STRING), Equal((), "n", ParamType.INT, "x-n")),
        among=(Among(("/s", "/t"), ("ok", 1)),),
        failed=(Among(("/ok",), (False,)),),
        absent=("/errors",),
        at_most=(AtMost(("/n",), "n", None), AtMost((), None, 3, "x-rows")),
        within=(Within("/to/*", "to", ParamType.EMAIL_LIST),),
        max_body=1024,
        keep=("/id",),
    )


def test_a_read_back_and_an_undoing() -> None:
    found = spec(
        'verify: {status: [201], readback: {path: "/x/{response:/id}", equal: [{pointer: /n, param: n}], delay_s: 2}}\n'
        'compensate: {action: undo, path: "/x/{response:/id}/undo", method: DELETE}'
    )
    assert found is not None
    assert found.readback is not None
    assert found.compensate is not None
    assert (found.readback.method, found.readback.delay_seconds, found.readback.before_answer) == (
        "GET",
        2,
        False,
    )
    assert found.readback.path.fill({}, {"id": "r1"}) == "/x/r1"
    assert found.readback.spec.equal == (Equal(("/n",), "n", ParamType.INT),)
    assert (found.compensate.action, found.compensate.method) == ("undo", "DELETE")


def test_nothing_promised_is_no_promise() -> None:
    assert spec("") is None
    assert spec("response_fields: [/id]") == VerifySpec(keep=("/id",))


@pytest.mark.parametrize(
    ("more", "place", "why"),
    [
        ("verify: {at_most: [{pointer: /n, param: z}]}", "verify.at_most[0].param", "no parameter 'z'"),
        ("verify: {within: [{pointer: /n, param: z}]}", "verify.within[0].param", "no parameter 'z'"),
        ('verify: {readback: {path: "/x/{z}"}}', "verify.readback.path", "no parameter"),
        ('compensate: {action: u, path: "/x/{z}"}', "compensate.path", "no parameter"),
        (
            "verify: {readback: {path: /x, equal: [{pointer: /a, param: z}]}}",
            "readback.equal[0].param",
            "'z'",
        ),
    ],
)
def test_what_names_nothing_is_told_at_its_place(more: str, place: str, why: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(action(PARAMS, more=more))
    assert place in str(caught.value)
    assert why in str(caught.value)
