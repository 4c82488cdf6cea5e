"""The current state beside what would be sent: only where both are about the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from vienna_control.approvals.current import diff
from vienna_kernel.intent import HIDDEN
from vienna_kernel.wire import CallView

URL = "https://k8s.example/apis/apps/v1/namespaces/shop/deployments/web/scale"


def call(method: str, body: Any, current: dict[str, Any], *, read: str | None = URL) -> CallView:
    return CallView(
        method=method,
        url=URL,
        origin="https://k8s.example",
        body=body,
        body_digest="d",
        request_digest="r",
        current=current,
        current_from=read,
    )


@pytest.mark.parametrize(
    ("method", "body", "after", "kind"),
    [
        ("PATCH", {"spec": {"replicas": 5}}, 5, "changed"),
        ("PATCH", {"spec": {"replicas": 3}}, 3, "same"),
        ("PATCH", {"spec": {}}, None, "kept"),
        ("PATCH", {"spec": {"replicas": None}}, None, "removed"),
        ("PATCH", [{"op": "replace", "path": "/spec/replicas", "value": 0}], 0, "changed"),
        ("PATCH", [{"op": "remove", "path": "/spec/replicas"}], None, "removed"),
        ("PUT", {"metadata": {}}, None, "not sent"),
        ("PUT", {"spec": {"replicas": "number"}}, None, "not shown"),  # the shape of what no mapping declares
        ("PATCH", {"spec": {"paused": True, "…": "3 more"}}, None, "not shown"),
        ("PATCH", [{"op": "test", "path": "/x"}, "… 9 more"], None, "not shown"),
        ("POST", {"spec[replicas]": "4"}, "4", "changed"),
        ("DELETE", None, None, "removed"),
    ],
)
def test_a_place_of_the_state_is_held_against_the_request(
    method: str, body: Any, after: Any, kind: str
) -> None:
    (row,) = diff(call(method, body, {"/spec/replicas": 3}))
    assert row == {"path": "/spec/replicas", "before": 3, "after": after, "kind": kind}


@pytest.mark.parametrize("read", [None, "https://k8s.example/apis/apps/v1/namespaces/shop/deployments/other"])
def test_the_state_of_another_thing_is_shown_for_itself(read: str | None) -> None:
    """A refund of 5 does not make 5 of the 300 that were charged."""
    (row,) = diff(call("POST", {"amount": 5}, {"/amount": 300}, read=read))
    assert (row["before"], row["after"], row["kind"]) == (300, None, "current")


def test_what_is_redacted_in_the_request_is_not_shown_of_the_state() -> None:
    (row,) = diff(call("PUT", {"password": HIDDEN}, {"/password": "hunter2"}))
    assert (row["before"], row["after"], row["kind"]) == (HIDDEN, HIDDEN, "not shown")


def test_each_value_is_cut_by_itself_and_legible() -> None:
    long, odd = diff(call("DELETE", None, {"/long": ["x" * 2000], "/odd": "a\u202eb"}))
    assert long["before"].endswith("more characters)")
    assert odd["before"] == "a⟨U+202E⟩b"
