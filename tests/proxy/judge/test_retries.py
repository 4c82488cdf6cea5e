"""What a call says of itself as a try."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gate_end import request
from vienna_kernel.call.request import Call
from vienna_proxy.judge.retries import is_retry, with_key


def call(*lines: tuple[str, str]) -> Call:
    plain = request("POST", "https://payments.example/v1/tickets", {"subject": "s"})
    return replace(plain, headers=(*plain.headers, *lines))


@pytest.mark.parametrize(
    ("name", "value", "retry"),
    [
        ("x-stainless-retry-count", "0", False),
        ("x-stainless-retry-count", "00", False),
        ("x-stainless-retry-count", "1", True),
        ("x-stainless-retry-count", "10", True),
        ("x-stainless-retry-count", "-1", False),
        ("x-stainless-retry-count", "1 more", False),
        ("amz-sdk-request", "attempt=1; max=3", False),
        ("amz-sdk-request", "attempt=2; max=3", True),
        ("amz-sdk-request", "attempt=10", True),
        ("amz-sdk-request", "ttl=1; attempt=x", False),
        ("x-goog-api-client", "gl-python/3.13 gccl/2 gccl-attempt-count/1", False),
        ("x-goog-api-client", "gl-python/3.13 gccl/2 gccl-attempt-count/2", True),
        ("x-retry", "1", False),
    ],
)
def test_clients_mark_what_they_send_again(name: str, value: str, retry: bool) -> None:
    assert is_retry(call((name, value))) is retry


def test_the_first_key_takes_the_place_of_a_later_one() -> None:
    keyed = call(("idempotency-key", "later"))
    assert with_key(keyed, "first").header("idempotency-key") == "first"
    assert len(with_key(keyed, "first").headers) == len(keyed.headers)
    assert with_key(keyed, None) is keyed
    assert with_key(call(), "first").header("idempotency-key") is None
