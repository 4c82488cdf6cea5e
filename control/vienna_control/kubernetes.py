"""Enrolment by a pod's service account: TokenReview says whose token it is, a rule says for which agent.

It fails closed: an API server that does not answer, or not as it must, is unavailable, and nobody is enrolled. A token
that is good, but meant for somebody else, is none.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import aiohttp
import orjson
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from vienna_control.ports import StartError, UnavailableError
from vienna_control.section import Section

_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
_SECONDS = 5.0
_MAX_ANSWER = 256 * 1024
_MAX_TOKEN = 16 * 1024
_AT_ONCE = 8
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]{1,63}):([^:]{1,253})\Z")


class ServiceAccount(Section):
    """One row of ``control.enrolment.kubernetes``: pods of this service account may enrol for this agent."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    service_account: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
    agent: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = "default"


class EnrolmentConfig(Section):
    """Section ``control.enrolment``: sidecars that enrol with the token of their pod's service account.

    Attributes:
        kubernetes: Who may enrol for which agent; empty: join tokens only.
        api_server: ``https://…`` of the Kubernetes API; unset: that of the cluster we run in.
        api_ca: PEM file of the CA that vouches for it.
        api_token: File with the token that we ask it with; read anew each time.
        audience: What the pods' tokens must be meant for.
    """

    kubernetes: tuple[ServiceAccount, ...] = ()
    api_server: str | None = None
    api_ca: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
    api_token: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    audience: Annotated[str, Field(min_length=1, max_length=200)] = "vienna"

    @field_validator("api_server")
    @classmethod
    def _api_server(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s?#@]+\Z", value.rstrip("/")):
            raise ValueError("expected a URL like https://10.0.0.1:443, without path")
        return value.rstrip("/") if value else value

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [(row.namespace, row.service_account) for row in self.kubernetes]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"service account {'/'.join(min(twice))} stands here twice: it has one agent")
        return self

    def placed(self, base: Path, environ: Mapping[str, str]) -> EnrolmentConfig:
        """With absolute paths, and the API server of the cluster that we run in, where none is named.

        Raises ``StartError`` when there is none to ask.
        """
        changes: dict[str, Any] = dict(self.based(base, "api_ca", "api_token"))
        if self.api_server is None and (host := environ.get("KUBERNETES_SERVICE_HOST")):
            host = f"[{host}]" if ":" in host else host
            changes["api_server"] = f"https://{host}:{environ.get('KUBERNETES_SERVICE_PORT', '443')}"
        found = self.model_copy(update=changes)
        if found.kubernetes and found.api_server is None:
            raise StartError(
                "control.enrolment.kubernetes is set, but this is not a pod: name control.enrolment.api_server too"
            )
        return found


class _User(BaseModel):
    username: str


class _Status(BaseModel):
    authenticated: bool = False
    user: _User | None = None
    audiences: list[str] = []


class _Review(BaseModel):
    """What is read of the answer; an API server may say more."""

    status: _Status


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A service account that may enrol.

    Attributes:
        name: ``<namespace>/<service account>``.
        agent: For which agent.
    """

    name: str
    agent: str
    tenant: str


class TokenReview:
    """Asks the API server."""

    def __init__(self, settings: EnrolmentConfig) -> None:
        self._settings = settings
        self._rules = {(row.namespace, row.service_account): row for row in settings.kubernetes}
        self._room = asyncio.Semaphore(_AT_ONCE)

    def is_for_us(self, token: str) -> bool:
        """Whether it is worth asking at all: there are rules, and this has the form of such a token."""
        return bool(self._rules) and len(token) <= _MAX_TOKEN and _JWT.match(token) is not None

    async def review(self, token: str) -> Reviewed | None:
        """Whose token it is; None: nobody's that may enrol. Raises ``UnavailableError``."""
        async with self._room:
            content = await self._ask(token)
        try:
            status = _Review.model_validate_json(content).status
        except ValidationError:
            raise UnavailableError("kubernetes", "the answer to a TokenReview has no reading") from None
        if not status.authenticated or status.user is None or self._settings.audience not in status.audiences:
            return None
        account = _ACCOUNT.match(status.user.username)
        rule = self._rules.get((account[1], account[2])) if account else None
        if rule is None:
            return None
        return Reviewed(f"{rule.namespace}/{rule.service_account}", rule.agent, rule.tenant)

    async def _ask(self, token: str) -> bytes:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [self._settings.audience]},
        }
        try:
            own = (await asyncio.to_thread(self._settings.api_token.read_text, "utf-8")).strip()
            headers = {"Authorization": f"Bearer {own}", "Content-Type": "application/json"}
            limit = aiohttp.ClientTimeout(total=_SECONDS)
            async with (
                aiohttp.ClientSession(connector=self._connector(), timeout=limit, trust_env=False) as session,
                session.post(
                    f"{self._settings.api_server}{_PATH}",
                    data=orjson.dumps(body),
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                if response.status not in (200, 201):
                    raise UnavailableError("kubernetes", f"a TokenReview was answered with {response.status}")
                return await _whole(response)
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            raise UnavailableError("kubernetes", f"TokenReview: {type(error).__name__}") from None

    def _connector(self) -> aiohttp.TCPConnector:
        if not (self._settings.api_server or "").startswith("https://"):
            return aiohttp.TCPConnector()
        return aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=self._settings.api_ca))


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for part in response.content.iter_any():
        content += part
        if len(content) > _MAX_ANSWER:
            raise UnavailableError("kubernetes", f"an answer of more than {_MAX_ANSWER} bytes")
    return bytes(content)
