"""What an answer says of itself: a state, a failure, errors."""

from __future__ import annotations

from collections.abc import Iterator

from vectors.outcomes.asked import REFUND, SAID, SLACK, SUCCEEDED, Vector, came, promise, unseen, vector


def among() -> Iterator[Vector]:
    asked = promise(REFUND, {"in": [SUCCEEDED, {"pointer": "/live", "values": [True]}]})
    good = {"status": "pending", "live": True}
    yield vector("in_match", "one of the values that the mapping names", asked, came(good), "match")
    for name, change, place in (
        ("other", {"status": "failed"}, "/status"),
        ("number", {"status": 1}, "/status"),
        ("one_for_true", {"live": 1}, "/live"),
        ("text_true", {"live": "true"}, "/live"),
    ):
        yield vector(
            f"in_drift_{name}",
            "another value than the mapping names",
            asked,
            came({**good, **change}),
            "drift",
            wrong={place: "drift"},
        )
    yield vector(
        "in_missing",
        "it is not there",
        asked,
        came({"live": True}),
        "ambiguous",
        wrong={"/status": "ambiguous"},
    )
    yield vector(
        "in_unseen", "it was streamed past", asked, unseen(), "unverifiable", wrong={"body": "unverifiable"}
    )


def failures() -> Iterator[Vector]:
    asked = promise(SAID, SLACK)
    yield vector(
        "failed_not",
        "the answer does not say that it failed",
        asked,
        came({"ok": True, "channel": "C1"}),
        "match",
    )
    yield vector(
        "failed_200",
        "200, and the answer says that nothing was done",
        asked,
        came({"ok": False, "error": "channel_not_found"}),
        "failed",
        wrong={"/ok": "failed"},
    )
    yield vector(
        "failed_outweighs_in",
        "the state that failure has is not also drift",
        promise(REFUND, {"in": [SUCCEEDED], "failed": [{"pointer": "/status", "values": ["failed"]}]}),
        came({"status": "failed"}),
        "failed",
        wrong={"/status": "failed"},
    )
    yield vector(
        "failed_201",
        "an unexpected success says that nothing was done",
        asked,
        came({"ok": False}, 201),
        "failed",
        wrong={"status": "ambiguous", "/ok": "failed"},
    )
    yield vector(
        "failed_unreadable",
        "whether it failed cannot be read",
        promise(SAID, {"failed": SLACK["failed"]}),
        came("<html>"),
        "ambiguous",
        wrong={"body": "ambiguous"},
    )
    yield vector(
        "failed_unseen",
        "whether it failed was streamed past",
        promise(SAID, {"failed": SLACK["failed"]}),
        unseen(),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
    yield vector(
        "absent_match", "no errors", promise(SAID, {"absent": ["/errors"]}), came({"errors": []}), "match"
    )
    yield vector(
        "absent_there",
        "errors beside a success: part of it, perhaps",
        promise(SAID, {"absent": ["/errors"]}),
        came({"errors": [{"code": 1}]}),
        "ambiguous",
        wrong={"/errors": "ambiguous"},
    )
    yield vector(
        "absent_unreadable",
        "whether there are errors cannot be read",
        promise(SAID, {"absent": ["/errors"]}),
        came('{"errors":[]'),
        "ambiguous",
        wrong={"body": "ambiguous", "/errors": "ambiguous"},
    )
    yield vector(
        "absent_unseen",
        "whether there are errors was streamed past",
        promise(SAID, {"absent": ["/errors"]}),
        unseen(),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
