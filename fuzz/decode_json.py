"""Strict JSON: a value or ``MalformedError``; what is read is what the standard library reads."""

from __future__ import annotations

import json as stdlib

from fuzz import law
from vienna_kernel.decode import json
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import canonical, pack, unpack

SEEDS = (
    b'{"a": [1, -2.50, true, null, "\\u00fc\\ud83d\\ude00"], "b": {"c": ""}}',
    b'[[[[1e3]]], "9007199254740992", 9007199254740992]',
    b'{"a":1,"\\u0061":2}',
    b"\xef\xbb\xbf{}",
)


def one_input(data: bytes) -> None:
    try:
        value = json.loads(data)
    except MalformedError as error:
        law(error.where == "body", "the place is named")
        return
    law(stdlib.loads(data, parse_float=json.Decimal) == value, "another reader reads the same")
    law(canonical(unpack(pack(value))) == canonical(value), "a value travels whole")
