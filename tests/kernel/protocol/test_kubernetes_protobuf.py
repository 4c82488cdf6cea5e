"""Kubernetes objects in protobuf; what kubectl sends of them is tried on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.kubernetes_protobuf import loads


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def msg(*fields: tuple[int, int | str | bytes]) -> bytes:
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def unknown(kind: str, raw: bytes, *more: tuple[int, int | str | bytes]) -> bytes:
    return b"k8s\x00" + msg((1, msg((1, "v1"), (2, kind))), (2, raw), *more)


META = msg((1, "web"), (3, "prod"), (11, msg((1, "app"), (2, "web"))), (12, b""))


def test_a_deployment() -> None:
    container = msg((1, "web"), (2, "shop/web:2"), (15, msg((2, 1))))
    spec = msg((1, 3), (3, msg((2, msg((2, container), (11, 1), (99, "x"))))))
    found: Any = loads(unknown("Deployment", msg((1, META), (2, spec), (3, b"")), (3, ""), (4, "")))
    assert (found["apiVersion"], found["kind"]) == ("v1", "Deployment")
    assert found["metadata"] == {
        "name": "web",
        "namespace": "prod",
        "labels": {"app": "web"},
        "annotations": {"": ""},
    }
    pod = found["spec"]["template"]["spec"]
    assert pod["containers"] == [
        {"name": "web", "image": "shop/web:2", "securityContext": {"privileged": True}}
    ]
    assert (found["spec"]["replicas"], pod["hostNetwork"]) == (3, True)
    assert pod["#99"][0]["bytes"] == 1


def test_a_secret_and_a_binding() -> None:
    secret: Any = loads(unknown("Secret", msg((1, META), (2, msg((1, "p"), (2, b"\xff"))), (3, "Opaque"))))
    assert (secret["data"], secret["type"]) == ({"p": "/w=="}, "Opaque")
    role = msg((1, "rbac.authorization.k8s.io"), (2, "ClusterRole"), (3, "admin"))
    binding: Any = loads(unknown("RoleBinding", msg((1, META), (2, msg((1, "User"), (3, "eve"))), (3, role))))
    assert binding["subjects"] == [{"kind": "User", "name": "eve"}]
    assert binding["roleRef"]["name"] == "admin"


def test_a_kind_without_a_table_is_read_as_far_as_its_name() -> None:
    found: Any = loads(unknown("Widget", msg((1, META), (2, "whatever"))))
    assert found["metadata"]["name"] == "web"
    assert found["#2"][0]["bytes"] == 8


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"k8s",
        unknown("Deployment", msg((1, META), (1, META))),
        unknown("Deployment", msg((2, msg((1, 3), (1, 4))))),
        unknown("Deployment", msg((1, 5))),
        unknown("Deployment", msg((2, msg((1, "3"))))),
        unknown("Secret", msg((2, msg((1, "p"), (2, "a"))), (2, msg((1, "p"), (2, "b"))))),
        unknown("ConfigMap", msg((1, msg((1, b"\xff"))))),
        unknown("Pod", b"", (2, b"again")),
        unknown("Pod", b"", (3, "gzip")),
        unknown("Pod", b"", (5, "x")),
    ],
)
def test_what_has_two_readings_or_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        loads(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(data: bytes) -> None:
    for kind in ("Deployment", "Secret", "Widget"):
        try:
            loads(unknown(kind, data))
        except MalformedError:
            continue
