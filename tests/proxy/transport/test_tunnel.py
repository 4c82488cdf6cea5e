"""A host whose TLS is not opened: the connection as a whole is the call; asked about, warranted, recorded."""

from __future__ import annotations

import socket
import ssl

import pytest

from harness.upstream import Upstream
from vienna_kernel import wire


def connect(gate, host: str = "payments.example") -> tuple[socket.socket, bytes]:
    plain = gate.connect()
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    return plain, plain.recv(4096)


def test_an_unopened_tunnel_needs_a_warrant_and_leaves_an_outcome(
    own_gate, control, upstream: Upstream
) -> None:
    gate = own_gate(passthrough=["payments.example"])
    plain, said = connect(gate)
    assert said.startswith(b"HTTP/1.1 200")
    (consult,) = control.heard(wire.Consult)
    assert (consult.intents[0]["action"], consult.mapped, consult.call.method) == (
        "http.connect",
        False,
        "CONNECT",
    )
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "unverifiable"
    trust = ssl.create_default_context(cafile=upstream.authority.path)  # the upstream's own certificate
    with trust.wrap_socket(plain, server_hostname="payments.example") as inside:
        inside.sendall(b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n")
        assert inside.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_refused_one_is_not_made(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(passthrough=["payments.example"])
    control.script = lambda fake, frame: (
        fake.refused(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    plain, said = connect(gate)
    plain.close()
    assert said.startswith(b"HTTP/1.1 403 Denied by Vienna: agents may not")
    assert upstream.connections == 0


@pytest.mark.parametrize("host", ["api.stripe.com", "sub.payments.example"])
def test_other_hosts_are_opened(own_gate, control, upstream: Upstream, host: str) -> None:
    gate = own_gate(passthrough=["payments.example"])
    plain, said = connect(gate, host)
    plain.close()
    assert said.startswith(b"HTTP/1.1 200")
    assert control.heard(wire.Consult) == []
    assert upstream.connections == 0
