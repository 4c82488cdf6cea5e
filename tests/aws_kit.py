"""Clients of AWS as its own SDK makes them, whose requests end at a stand-in.

with Standin("*.amazonaws.com", answers) as aws, aws_clients(aws) as client:
    client("ec2").terminate_instances(InstanceIds=["i-1"])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config

from harness.standin import Answer, Exchange, Standin
from vienna_kernel.shipped import CASES, root
from wire_kit import expect, only, through, verified

REGION = "eu-west-1"
_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}

type Clients = Callable[..., Any]


@contextmanager
def aws_settings() -> Iterator[None]:
    """What clients take from the environment, and nothing of the machine's own."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            environment.delenv(name, raising=False)
        for name, value in _SETTINGS.items():
            environment.setenv(name, value)
        yield


def client_of(service: str, *, retries: int = 0, region: str = REGION, **config: Any) -> Any:
    """A client that makes so many further tries."""
    config["retries"] = {"total_max_attempts": retries + 1, "mode": "standard"}
    return boto3.session.Session().client(service, region_name=region, config=Config(**config))


@contextmanager
def aws_clients(standin: Standin) -> Iterator[Clients]:
    """``client("s3", retries=1, region="us-east-1")``; the same one for the same words."""
    with aws_settings(), through(standin):
        yield cache(client_of)


@contextmanager
def cloud() -> Iterator[tuple[Standin, Clients]]:
    """A stand-in for all of AWS, with its clients."""
    with Standin("*.amazonaws.com") as standin, aws_clients(standin) as client:
        yield standin, client


def xml(method: str, path: str, body: str, status: int = 200, **more: Any) -> Answer:
    """An answer in XML."""
    return Answer(method, path, status, body, {"Content-Type": "text/xml;charset=UTF-8"}, **more)


def queried(action: str, body: str, *, result: bool = True) -> Answer:
    """What a service of the query protocol says to one action; ``result``: whether it wraps what it says."""
    inside = f"<{action}Result>{body}</{action}Result>" if result else f"<requestId>r-1</requestId>{body}"
    text = f'<{action}Response xmlns="https://{action}.example/doc/">{inside}</{action}Response>'
    return xml("POST", "/", text, when=lambda asked: asked.form.get("Action") == action)


def targeted(target: str, body: Any) -> Answer:
    """What a service of the JSON protocol says to one operation."""
    head = {"Content-Type": "application/x-amz-json-1.1"}
    return Answer("POST", "/", 200, body, head, when=lambda asked: asked.header("x-amz-target") == target)


MAPPINGS = tuple(
    path.stem for path in sorted((root() / "mappings").glob("aws_*.yaml")) if not path.stem.endswith(CASES)
)


@dataclass(frozen=True)
class Row:
    """One call by the client's own method, what it means, and how its answer is judged.

    Attributes:
        asks: Keyword arguments of the method.
        result: Of the verification; None where nothing is promised.
    """

    service: str
    method: str
    asks: Mapping[str, Any]
    action: str
    tier: str
    target: str
    answer: Answer
    parameters: Mapping[str, Any] = field(default_factory=dict)
    result: str | None = "match"
    unknown: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.service}.{self.method}: {self.action}"


def called(row: Row, aws: Standin, client: Clients) -> Exchange:
    """Make the call; the row's own answer goes before those that are there."""
    aws.add(row.answer)
    getattr(client(row.service), row.method)(**row.asks)
    return aws.last


def check(row: Row, exchange: Exchange) -> None:
    """The exchange is the row's: one intent, and the judgement of what was told."""
    expect(
        exchange,
        only(*MAPPINGS),
        action=row.action,
        tier=row.tier,
        target=row.target,
        parameters=row.parameters,
        unknown=row.unknown,
    )
    if row.result is not None:
        assert verified(exchange, only(*MAPPINGS)).result.value == row.result
