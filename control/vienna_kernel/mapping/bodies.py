"""Which bodies an action reads: as its file says, else as its parameters and its protocol tell."""

from __future__ import annotations

from vienna_kernel.mapping.document import ActionModel, MappingModel
from vienna_kernel.mapping.place import Place
from vienna_kernel.mapping.words import as_list
from vienna_kernel.protocol.read import PROTOCOLS

OPERATIONAL = frozenset(
    {"graphql", "jsonrpc", "mcp", "aws-query", "aws-json", "k8s", "sql-http", "postgrest", "git-smart-http"}
    | {"websocket"}
)
"""Protocols whose requests name operations, which parameters point into."""


def kinds_of(place: Place, mapping: MappingModel, model: ActionModel) -> frozenset[str]:
    """Kinds of body, none for no body. Errors: ``MalformedError`` for parameters of a body that is not read."""
    told = frozenset(as_list(model.body)) if model.body is not None else None
    if told is not None and "none" in told and len(told) > 1:
        raise place.fail("either none or kinds of body", "body")
    places = {param.from_ for param in model.params.values()}
    wanted = {"json", "form"} & places
    if len(wanted) > 1:
        raise place.fail(
            "parameters from a JSON and from a form body in one action; use from: body", "params"
        )
    kinds = _told(mapping, model, wanted) if told is None else told - {"none"}
    if not wanted <= kinds:
        raise place.fail(f"the parameters are read from a {min(wanted)} body", "body")
    if "body" in places and not kinds:
        raise place.fail("parameters from a body, and there is none", "params")
    if mapping.protocol not in OPERATIONAL and "operation" in places:
        raise place.fail(f"the protocol {mapping.protocol} names no operations", "params")
    return kinds


def _told(mapping: MappingModel, model: ActionModel, wanted: set[str]) -> frozenset[str]:
    if wanted:
        return frozenset(wanted)
    reader = PROTOCOLS[mapping.protocol]
    methods = model.match.methods
    if any(param.from_ == "body" for param in model.params.values()):
        methods = [*methods, "POST"]
    return frozenset[str]().union(*(reader.kinds(method, mapping.options) for method in methods))
