"""Answers that are kept for retries: how long, how much, and of which calls."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from vienna_kernel.intent import Effect
from vienna_proxy.evidence import replies
from vienna_proxy.evidence.replies import Replies


class Leaves:
    """As much of a grant as is asked for."""

    def __init__(self, warrant_id: str, *, effect: Effect = Effect.WRITE, mapped: bool = True) -> None:
        self.warrant_id = warrant_id
        self.fingerprint = f"fp-{warrant_id}"
        self.observed = False
        intent = type("Told", (), {"effect": effect})
        self.mapped = type("Mapped", (), {"mapped": mapped, "intents": (intent,)})


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def kept(ended: list[str], clock: list[float]) -> Replies:
    return Replies(ended=ended.append, now=lambda: clock[0])


def trip(kept: Replies, grant: Any, content: bytes | None = b"{}") -> None:
    kept.begins(grant, tflow.tclient_conn())
    kept.ends(grant, None if content is None else http.Response.make(200, content))


def test_an_answer_is_kept_for_a_day(kept: Replies, clock: list[float]) -> None:
    trip(kept, Leaves("w"))
    clock[0] = replies.KEPT_SECONDS - 1
    assert kept.find("w") is not None
    clock[0] += 1
    assert kept.find("w") is None


def test_what_is_told_again_does_not_change_what_is_kept(kept: Replies) -> None:
    trip(kept, Leaves("w"), b"one")
    for _ in range(2):
        found = kept.find("w")
        assert found is not None
        assert found.content == b"one"
        assert found.headers.get_all("vienna-reason") == ["already_executed"]
        found.content = b"two"


@pytest.mark.parametrize("content", [None, b"x" * (replies.MOST_BYTES + 1)], ids=["none", "large"])
def test_what_cannot_be_kept_ends_all_the_same(
    kept: Replies, ended: list[str], content: bytes | None
) -> None:
    trip(kept, Leaves("w"), content)
    assert (kept.find("w"), ended) == (None, ["w"])


def test_what_is_kept_is_bounded_and_the_oldest_goes_first(kept: Replies) -> None:
    most = replies.ALL_BYTES // replies.MOST_BYTES
    for number in range(most + 1):
        trip(kept, Leaves(f"{number}"), b"x" * replies.MOST_BYTES)
    assert kept.find("0") is None
    assert kept.find(f"{most}") is not None


@pytest.mark.parametrize(
    "grant", [Leaves("w", effect=Effect.READ), Leaves("w", mapped=False)], ids=["read", "unmapped"]
)
def test_only_mapped_writes_are_kept(kept: Replies, ended: list[str], grant: Any) -> None:
    trip(kept, grant)
    assert (kept.find("w"), ended) == (None, [])


def test_whether_anybody_is_there_to_hear_an_answer(kept: Replies) -> None:
    client, grant = tflow.tclient_conn(), Leaves("w")
    kept.begins(grant, client)  # type: ignore[arg-type]
    assert kept.under_way("w")
    assert not kept.unheard("fp-w")
    client.state = type(client.state)(0)
    assert kept.unheard("fp-w")
    assert not kept.unheard("fp-other")
    kept.ends(grant, None)  # type: ignore[arg-type]
    assert not kept.under_way("w")
    assert kept.unheard("fp-w")
    trip(kept, grant)  # the same call once more, and heard
    assert not kept.unheard("fp-w")
