"""The doors that never open: if mitmproxy opened one all the same, what comes through is killed."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy.test import tflow

from vienna_proxy.transport.doors import NextLayer


@pytest.mark.parametrize(
    ("hook", "flow"),
    [("tcp_start", tflow.ttcpflow()), ("udp_start", tflow.tudpflow()), ("dns_request", tflow.tdnsflow())],
    ids=["TCP", "UDP", "DNS"],
)
def test_what_came_through_is_killed(hook: str, flow: Any) -> None:
    flow.live = True
    assert flow.killable
    getattr(NextLayer(), hook)(flow)
    assert not flow.live
    assert flow.error.msg == flow.error.KILLED_MESSAGE
