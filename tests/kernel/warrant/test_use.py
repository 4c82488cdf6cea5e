"""The steps one by one; the vectors run them through the tokens, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vectors.fixed import BOUNDED, PASSBACK, PLAIN, USE, intent
from vienna_kernel.verdict import Granted, Reason, Refused
from vienna_kernel.warrant import use as steps
from vienna_kernel.warrant.use import STEPS, Use

PLAIN_USE = Use(**USE, intents=[intent()])


def test_the_plain_use_passes_every_step() -> None:
    assert [step(PLAIN, PLAIN_USE) for step in STEPS] == [Granted()] * len(STEPS)


@pytest.mark.parametrize(
    ("changes", "step", "reason"),
    [
        ({"origin": "https://other.example"}, steps.audience, Reason.WARRANT_AUDIENCE),
        ({"agent": "other-bot"}, steps.holder, Reason.WARRANT_HOLDER),
        ({"holder_jkt": None}, steps.holder, Reason.WARRANT_HOLDER),
        ({"request_digest": "sha256:00"}, steps.request, Reason.WARRANT_REQUEST),
        ({"url": "https://payments.example/v1/payouts"}, steps.request, Reason.WARRANT_REQUEST),
        ({"intents": [intent("5001")]}, steps.meaning, Reason.WARRANT_SCOPE),
    ],
)
def test_each_difference_is_refused_by_one_step(changes: dict[str, Any], step: Any, reason: Reason) -> None:
    other = replace(PLAIN_USE, **changes)
    refused = {each: each(PLAIN, other) for each in STEPS if isinstance(each(PLAIN, other), Refused)}
    assert list(refused) == [step]
    assert refused[step].reason is reason


def test_a_passback_warrant_takes_a_request_it_never_saw() -> None:
    """The agent executes with it through a gate: the mapped meaning is what counts."""
    assert all(step(PASSBACK, PLAIN_USE) == Granted() for step in STEPS)
    assert steps.meaning(BOUNDED, replace(PLAIN_USE, intents=[intent("4000")])) == Granted()


def test_each_intent_answers_to_its_own_meaning() -> None:
    two = replace(PASSBACK, meanings=(*PASSBACK.meanings, replace(PASSBACK.meanings[0], target="other")))
    twice = replace(PLAIN_USE, intents=[intent(), intent()])
    assert isinstance(steps.meaning(two, twice), Refused)
    assert steps.meaning(two, replace(twice, intents=[intent(), intent(target="other")])) == Granted()


def test_a_call_of_more_or_fewer_intents_is_refused_with_both_numbers() -> None:
    for count in (0, 2):
        refused = steps.meaning(PLAIN, replace(PLAIN_USE, intents=[intent()] * count))
        assert refused == Refused(Reason.WARRANT_SCOPE, f"permits 1 intents, used for {count}")


def test_a_verifier_enforces_unless_it_says_otherwise() -> None:
    bare = {name: value for name, value in USE.items() if name != "observing"}
    assert isinstance(steps.demands(replace(PLAIN, observed=True), Use(**bare, intents=[intent()])), Refused)


def test_an_observation_is_taken_by_who_observes_and_by_nobody_else() -> None:
    seen = replace(PLAIN, observed=True, consents=())
    assert steps.demands(seen, replace(PLAIN_USE, observing=True)) == Granted()
    assert isinstance(steps.demands(seen, PLAIN_USE), Refused)
    short = replace(PLAIN, consents=PLAIN.consents[:1])
    assert isinstance(steps.demands(short, replace(PLAIN_USE, observing=True)), Refused)


@pytest.mark.parametrize("claim", ["method", "url"])
def test_without_a_digest_the_plain_claims_bind(claim: str) -> None:
    """A holder who narrows a warrant to one URL has narrowed it."""
    actual = getattr(PLAIN_USE, claim)
    narrowed = replace(PASSBACK, **{claim: actual})
    assert steps.request(narrowed, PLAIN_USE) == Granted()
    for other in (None, f"{actual}/x"):
        assert isinstance(steps.request(narrowed, replace(PLAIN_USE, **{claim: other})), Refused)


@pytest.mark.parametrize(
    "url", ["https://payments.example/v1/refunds?k=…", "https://payments.example/[redacted]"]
)
def test_a_url_as_people_saw_it_says_nothing_beside_a_digest_and_nothing_alone(url: str) -> None:
    assert steps.request(replace(PLAIN, url=url), PLAIN_USE) == Granted()
    assert isinstance(steps.request(replace(PASSBACK, url=url), PLAIN_USE), Refused)
