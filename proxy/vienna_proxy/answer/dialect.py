"""Which dialect a caller hears.

1. What a mapping says that an address speaks is the best witness; nothing in the request outweighs it.
2. Where no mapping does, the host tells, or a request that can be read in one way only.
3. Whatever is chosen is a form and no more: the decision stands in our headers, and in what was told the control plane
   before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vienna_kernel.call.request import Call
from vienna_proxy.answer import aws, git, graphql, kubernetes, npm, rpc, slack
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

type Dialect = Callable[[Answer, Call], Form | None]
"""The answer in one dialect; None where this request cannot be answered in it."""

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "graphql": graphql.form,
        "jsonrpc": rpc.jsonrpc_form,
        "mcp": rpc.mcp_form,
        "aws-query": aws.query_form,
        "aws-json": aws.json_form,
        "aws-rest": aws.s3_form,
        "k8s": kubernetes.form,
        "git-smart-http": git.form,
    }
)
"""By the protocols of mapping files; all others have the problem document."""


def form_of(answer: Answer, call: Call, protocol: str | None) -> Form | None:
    """The answer as this caller's own server would give it; None: the problem document will do.

    ``protocol``: what a mapping says of the address, None when there is none.
    """
    spoken = DIALECTS.get(protocol or "") or _told_by_host(call)
    if spoken is None and protocol is None:
        spoken = _told_by_body(call)
    return None if spoken is None else spoken(answer, call)


def _told_by_host(call: Call) -> Dialect | None:
    """Of those whose mappings speak plain JSON, or that no mapping names."""
    if slack.is_spoken(call):
        return slack.form
    if aws.service_of(call) is not None:
        return aws.form_of_signed
    return npm.form if npm.is_spoken(call) else None


def _told_by_body(call: Call) -> Dialect | None:
    if graphql.is_spoken(call):
        return graphql.form
    if rpc.is_spoken(call):
        return rpc.mcp_form if rpc.is_mcp(call) else rpc.jsonrpc_form
    return None
