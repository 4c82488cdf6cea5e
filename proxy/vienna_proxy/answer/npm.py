"""The answer to npm, which prints ``error`` as it stands: a text, where the problem document has an object."""

from __future__ import annotations

import re

import orjson

from vienna_kernel.call.request import Call
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer, problem

_CLIENTS = re.compile(r"(?:npm|pnpm|yarn|Bun)/")


def is_spoken(call: Call) -> bool:
    """Whether a client of a package registry asks."""
    return _CLIENTS.match(call.header("user-agent") or "") is not None


def form(answer: Answer, call: Call) -> Form:
    """The problem document with another ``error``."""
    said = problem(answer) | {"error": answer.sentence}
    return Form("application/problem+json", orjson.dumps(said))
