"""The AWS query protocol (EC2, IAM, STS, SNS, RDS, …): ``Action`` and flat parameters, in a form or a query string.

1. All parameters stand in one place: AWS reads the query string of a POST too. Only what signs a URL may stand there
   beside a form.
2. ``Filter.1.Value.2`` is nested: a step of digits counts the items of a list, from 1 and without a gap; ``member``
   and ``entry`` before digits only say that a list follows. What could be nested in two ways is refused.
"""

from __future__ import annotations

import re

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method, header
from vienna_kernel.value import Value

type _Tree = dict[str, _Tree | str]

MAX_PARAMETERS = 5_000

_MAX_STEPS = 16
_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}\Z")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_INDEX = re.compile(r"[1-9][0-9]{0,4}\Z")
_LISTS = frozenset({"member", "entry"})
# What carries the signature of a URL (signature version 4, then 2): another one in every request.
_SIGNING = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders"}
    | {"x-amz-signature", "x-amz-security-token", "x-amz-content-sha256"}
    | {"awsaccesskeyid", "signature", "signaturemethod", "signatureversion", "timestamp", "expires"}
    | {"securitytoken"}
)


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def _unsigned(pairs: Pairs) -> Pairs:
    return [pair for pair in pairs if pair[0].lower() not in _SIGNING]


def _given(call: Call, query: Pairs, content: Content) -> Pairs:
    """All parameters but those that sign."""
    if content.kind == "none":
        return _unsigned(query)
    if content.pairs is None or call.method != "POST":
        raise _fault("AWS query parameters are sent as a form, by POST")
    if _unsigned(query):
        raise _fault("AWS query parameters both in the query string and in the body")
    return _unsigned(content.pairs)


def _taken(pairs: Pairs) -> tuple[dict[str, str], dict[str, str]]:
    """``Action`` and ``Version``, and the rest."""
    if len(pairs) > MAX_PARAMETERS:
        raise _fault(f"more than {MAX_PARAMETERS} AWS query parameters")
    head: dict[str, str] = {}
    rest: dict[str, str] = {}
    for key, value in pairs:
        found = head if key in ("Action", "Version") else rest
        if key in found:
            raise _fault("an AWS query parameter stands there twice")
        if found is rest and key.lower() in ("action", "version"):
            raise _fault("Action and Version are written so, in this case")
        found[key] = value
    if len({key.lower() for key in rest}) < len(rest):
        raise _fault("an AWS query parameter stands there twice, in two letter cases")
    return head, rest


def _steps(key: str) -> list[str]:
    steps = key.split(".")
    if "" in steps or len(steps) > _MAX_STEPS:
        raise _fault("an AWS query parameter whose name cannot be nested")
    return [
        step
        for i, step in enumerate(steps)
        if not (i and step in _LISTS and _INDEX.match("".join(steps[i + 1 : i + 2])))
    ]


def _closed(tree: _Tree) -> Value:
    """Objects of digits as lists."""
    if not any(key[0].isdecimal() for key in tree):
        return {key: item if isinstance(item, str) else _closed(item) for key, item in tree.items()}
    if set(tree) != {str(i + 1) for i in range(len(tree))}:
        raise _fault("an AWS query list whose items do not count from 1 without a gap")
    items = [tree[str(i + 1)] for i in range(len(tree))]
    return [item if isinstance(item, str) else _closed(item) for item in items]


def nest(flat: dict[str, str]) -> dict[str, Value]:
    """Flat parameters as nested values, all of them text. Errors: ``MalformedError``."""
    tree: _Tree = {}
    for key, value in flat.items():
        at = tree
        *way, last = _steps(key)
        for step in way:
            below = at.setdefault(step, {})
            if isinstance(below, str):
                raise _fault("an AWS query parameter is a value and an object")
            at = below
        if last in at:
            raise _fault("an AWS query parameter is there in two ways")
        at[last] = value
    closed = _closed(tree)
    if not isinstance(closed, dict):
        raise _fault("an AWS query parameter without a name")
    return closed


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    if header(call, "x-amz-target") is not None:
        raise _fault("both an AWS query and an X-Amz-Target")
    head, rest = _taken(_given(call, query, content))
    if not _ACTION.match(head.get("Action", "")):
        raise _fault("an AWS query without an Action")
    if not _VERSION.match(head.get("Version", "2000-01-01")):
        raise _fault("an AWS query whose Version is not a date")
    read = frozenset(key for key, _ in query)
    return (Part(operation=head["Action"], value=nest(rest), open=(), query=read),)


READER = Reader(parts=_parts, kinds=by_method({"POST": frozenset({"form"})}))
"""Value: the parameters without ``Action``, ``Version`` and the signature; operation: the ``Action``."""
