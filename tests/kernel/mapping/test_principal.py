"""Consent is for a call made as someone: another key is another call, a renewed token is not."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping_kit import compiled, mapped, request
from vienna_kernel.mapping.principal import principal

MAPPINGS = compiled()


def of(line: str | None) -> tuple[str, ...]:
    call = request("GET https://api.example/x\n")
    return principal(replace(call, headers=() if line is None else (("authorization", line),)))


def jwt(**claims: Any) -> str:
    pieces = [
        urlsafe_b64encode(orjson.dumps(piece)).decode().rstrip("=") for piece in ({"alg": "RS256"}, claims)
    ]
    return "Bearer " + ".".join([*pieces, f"signature{claims.get('iat')}"])


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def aws(key: str, *, day: str = "20260105", region: str = "eu-west-1", signature: str = "ab") -> str:
    scope = f"{key}/{day}/{region}/s3/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"


LIVE, TEST = "sk_live_51Habcdefghijklmnop", "sk_test_51Habcdefghijklmnop"


TIMES = {"iat": 1_000_000, "exp": 1_003_600, "jti": "x"}
LATER = {"iat": 2_000_000, "exp": 2_003_600, "jti": "y", "nbf": 1}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (f"Bearer {LIVE}", f"Bearer {TEST}"),
        (f"Bearer {LIVE}", None),
        (basic(f"{LIVE}:"), basic(f"{TEST}:")),
        (basic("alice:secret"), basic("bob:secret")),
        (basic(f"api:{LIVE}"), basic(f"api:{TEST}")),
        (basic(":short"), basic(":other")),
        (f"token {LIVE}", f"token {TEST}"),
        ("Bearer ya29.first", "Bearer ya29.second"),
        ("token ghs_first", "token ghs_second"),
        (basic("x-access-token:ghs_" + "1" * 36), basic("x-access-token:ghs_" + "2" * 36)),
        (jwt(iss="a", sub="me", **TIMES), jwt(iss="a", sub="you", **TIMES)),
        (jwt(iss="a", sub="me", **TIMES), jwt(iss="b", sub="me", **TIMES)),
        (jwt(sub="me", aud="x", **TIMES), jwt(sub="me", aud="y", **TIMES)),
        (jwt(sub="me", tenant_id="x", **TIMES), jwt(sub="me", tenant_id="y", **TIMES)),
        (jwt(sub="me", firebase={"tenant": "x"}, **TIMES), jwt(sub="me", firebase={"tenant": "y"}, **TIMES)),
        (jwt(sub="key", jti="x"), jwt(sub="key", jti="y")),
        (jwt(sub="key", jti="x", iat=0, exp=86_401), jwt(sub="key", jti="y", iat=0, exp=86_401)),
        (jwt(iat=1), jwt(iat=2)),
        (aws("AKIAIOSFODNN7EXAMPLE"), aws("AKIAI44QH8DHBEXAMPLE")),
        (aws("ASIAIOSFODNN7EXAMPLE"), aws("ASIAI44QH8DHBEXAMPLE")),
        (aws("AKIAIOSFODNN7EXAMPLE"), aws("AKIAIOSFODNN7EXAMPLE", region="us-east-1")),
        (aws("AKIA1") + ", Credential=AKIA2/1/2/3/4", aws("AKIA1") + ", Credential=AKIA3/1/2/3/4"),
        ('Digest username="a", realm="r", nonce="1"', 'Digest username="b", realm="r", nonce="1"'),
        ("Digest one", "Digest two"),
        ('OAuth oauth_consumer_key="a", oauth_token="t"', 'OAuth oauth_consumer_key="a", oauth_token="u"'),
        ("OAuth TEST", "OAuth LIVE"),
        ('OAuth realm="r", token="a"', 'OAuth realm="r", token="b"'),
        ("ApiKey one", "ApiKey two"),
        ("Bearer same-token-in-both-schemes", "token same-token-in-both-schemes"),
        ("Basic not base64!", "Basic not base64?"),
    ],
)
def test_another_credential_is_another_caller(left: str, right: str | None) -> None:
    assert of(left) != of(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (jwt(iss="a", sub="me", **TIMES), jwt(sub="me", iss="a", **LATER)),
        (basic("alice:secret"), basic("alice:changed")),
        (aws("AKIA1", signature="ab"), aws("AKIA1", day="20260106", signature="cd")),
        ('Digest username="a", realm="r", nonce="1"', 'Digest username="a", realm="r", nonce="2", nc=3'),
        ('OAuth oauth_token="t", oauth_nonce="1"', 'OAuth oauth_token="t", oauth_nonce="2"'),
        ("bearer  abc", "Bearer abc"),
    ],
)
def test_a_renewed_one_is_the_same_caller(left: str, right: str) -> None:
    assert of(left) == of(right) != of(None)


def test_it_counts_in_the_fingerprint() -> None:
    calls = [request(f"GET https://api.example/x\nAuthorization: Bearer {key}") for key in (LIVE, TEST)]
    first, second = [mapped(MAPPINGS.map(call)).fingerprint for call in calls]
    assert first != second


def test_a_password_people_think_of_is_not_in_it() -> None:
    assert not any("hunter2" in piece for piece in of(basic("alice:hunter2")))


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    st.sampled_from(["Basic", "Bearer", "OAuth", "AWS4-HMAC-SHA256"]),
)
def test_it_reads_any_line(text: str, scheme: str) -> None:
    assert of(f"{scheme} {text}")[0] == scheme.lower()
    assert of(text) == of(text)
