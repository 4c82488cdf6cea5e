"""A proposal that holds, whatever it was made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from propose_kit import STR, api, body, failing, proposed, thing
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import finish as module
from vienna_kernel.propose.finish import finish
from vienna_kernel.propose.importer import Importer, Wanted
from vienna_kernel.propose.proposal import Proposal

PATHS = {"/a": {"get": {}}, "/b": {"post": {"requestBody": body(thing(a=STR))}}}


def proposal() -> Proposal:
    importer = Importer(api(PATHS), Wanted())
    assert len(list(importer.steps())) == 2
    return importer.proposal()


def test_an_action_that_does_not_load_is_taken_out_and_told() -> None:
    good, bad = proposal().drafts
    broken = replace(bad, fields=(replace(bad.fields[0], currency="nothing"),))
    finished = finish(replace(proposal(), drafts=(good, broken)))
    assert [draft.name for draft in finished.proposal.drafts] == [good.name]
    (row,) = finished.proposal.skipped
    assert row.operation == "POST /v1/b"
    assert row.why == "currency_from is for amounts"
    assert failing(finished) == []


def test_an_action_that_no_request_reaches_is_taken_out_and_told() -> None:
    finished = proposed(
        api(
            {
                "/a/{p}": {
                    "get": {
                        "parameters": [{"in": "path", "name": "p", "x-multi-segment": True, "schema": STR}]
                    }
                },
                "/a/{x}": {"get": {}},
            }
        )
    )
    assert [draft.route.path for draft in finished.proposal.drafts] == ["/v1/a/{x}"]
    assert [row.why for row in finished.proposal.skipped] == ["its requests are those of get_a_by_x"]


def test_nothing_left_is_an_error_with_the_first_reason() -> None:
    with pytest.raises(
        MalformedError, match="nothing of it can be mapped: GET /#a: the path names its operation"
    ):
        proposed(api({"/#a": {"get": {}}}))
    with pytest.raises(MalformedError, match="it has no operation"):
        finish(replace(proposal(), drafts=()))


def test_what_is_larger_than_a_mapping_file_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 900)
    with pytest.raises(MalformedError, match="take a part with --only or --tag"):
        finish(proposal())


def test_the_same_description_gives_the_same_files() -> None:
    assert finish(proposal()) == finish(proposal())
