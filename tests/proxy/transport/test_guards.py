"""The guards: each holds, and without it mitmproxy lets through what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy import http, options
from mitmproxy.addons import proxyserver
from mitmproxy.master import Master
from mitmproxy.proxy.layers import http as layers_http
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server

from vienna_kernel.verdict import Reason
from vienna_proxy.ports import StartError
from vienna_proxy.transport import guards, proofs
from vienna_proxy.transport.exchange import Rules
from vienna_proxy.transport.passage import Meter, Passage

RULES = Rules(
    speak=lambda client, refused, passage: b"HTTP/1.1 400 Refused\r\n\r\n",
    too_large=lambda flow, refused: http.Response.make(413, b"too large"),
    deafen=lambda client: None,
)


@pytest.fixture
async def opts() -> options.Options:
    master = Master(options.Options())
    master.addons.add(proxyserver.Proxyserver())
    master.options.update(connection_strategy="lazy", upstream_cert=False, http2=False, rawtcp=False)
    return master.options


@pytest.fixture(autouse=True)
def stock() -> Iterator[None]:
    """mitmproxy as it came, before and after."""
    names: Any = layers_http
    before = names.Http1Server, names.Http1Client, names.HttpStream
    names.Http1Server, names.Http1Client, names.HttpStream = Http1Server, Http1Client, HttpStream
    yield
    names.Http1Server, names.Http1Client, names.HttpStream = before


@pytest.mark.parametrize("name", proofs.PROOFS)
async def test_a_guard_holds(opts: options.Options, name: str) -> None:
    guards.install(RULES)
    assert proofs.PROOFS[name](opts)


# What mitmproxy 12.2.3 refuses by itself already; the guard only puts it in our words.
ITS_OWN = {
    "a NUL is refused",
    "HTTP/2 prior knowledge is refused",
    "Content-Length beside Transfer-Encoding is refused",
    "an aborted response is no response",
}


@pytest.mark.parametrize("name", sorted(set(proofs.PROOFS) - ITS_OWN))
async def test_without_it_the_proof_fails(opts: options.Options, name: str) -> None:
    try:
        held = proofs.PROOFS[name](opts)
    except (AttributeError, AssertionError, NotImplementedError, StartError):
        held = False
    assert not held


async def test_a_gate_without_its_guards_does_not_start(opts: options.Options) -> None:
    with pytest.raises(StartError, match="not installed"):
        proofs.prove(opts)


async def test_a_mitmproxy_that_changed_does_not_start(
    opts: options.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    guards.install(RULES)
    proofs.prove(opts)
    monkeypatch.setattr(guards.GuardedServer, "read_headers", Http1Server.read_headers)
    with pytest.raises(StartError, match="guard"):
        proofs.prove(opts)


async def test_a_key_log_does_not_start(opts: options.Options, monkeypatch: pytest.MonkeyPatch) -> None:
    guards.install(RULES)
    monkeypatch.setattr("mitmproxy.net.tls.log_master_secret", print)
    with pytest.raises(StartError, match="SSLKEYLOGFILE"):
        proofs.prove(opts)


def test_bodies_are_counted_together_and_given_back() -> None:
    meter = Meter(100)
    one, two = Passage(meter, 80), Passage(meter, 80)
    assert one.take(70) is None
    assert two.take(31).reason is Reason.BODY_TOO_LARGE
    assert two.take(30) is None
    assert one.take(11).reason is Reason.BODY_TOO_LARGE
    one.release()
    one.release()
    assert meter.taken == 30
    del two
    assert meter.taken == 0
