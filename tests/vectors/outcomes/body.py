"""Bodies that have no reading, or another than JSON."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import (
    EQUAL,
    REFUND,
    REFUNDED,
    ROWS,
    SUCCEEDED,
    VERIFY,
    Vector,
    came,
    promise,
    refund,
    vector,
)

_ALL = {"body": "ambiguous", "amount": "ambiguous", "currency": "ambiguous", "charge": "ambiguous",
        "account": "ambiguous", "/status": "ambiguous"}  # fmt: skip


def bodies() -> Iterator[Vector]:
    whole = json.dumps(REFUNDED)
    unreadable: dict[str, tuple[str, Any]] = {
        "empty": ("no body at all", ""),
        "truncated": ("a body that was cut off", whole[:-1]),
        "twice": ("two documents", whole + whole),
        "html": ("a page", "<html>ok</html>"),
        "duplicate_key": (
            "the approved amount hides another of the same key",
            '{"amount":50000,' + whole[1:],
        ),
        "duplicate_key_escaped": ("a key twice, once escaped", '{"\\u0061mount":50000,' + whole[1:]),
        "duplicate_key_elsewhere": ("a key twice, anywhere", whole[:-1] + ',"x":{"a":1,"a":2}}'),
        "large_integer": ("a number that readers disagree on", whole[:-1] + ',"n":9007199254740993}'),
        "nan": ("NaN", whole[:-1] + ',"n":NaN}'),
        "byte_order_mark": ("a byte order mark", b"\xef\xbb\xbf" + whole.encode()),
        "utf_16": ("UTF-16", whole.encode("utf-16")),
        "not_utf_8": ("a byte that is no UTF-8", whole.encode()[:-1] + b',"n":"\xff"}'),
        "deep": ("nested deeper than is read", whole[:-1] + ',"n":' + "[" * 40 + "]" * 40 + "}"),
        "still_coded": ("still in its content coding", gzip.compress(whole.encode(), mtime=0)),
    }
    for name, (says, body) in unreadable.items():
        yield refund(f"json_{name}", says, body, "ambiguous", wrong=_ALL)
    yield refund(
        "json_decoded", "out of its content coding", gzip.decompress(gzip.compress(whole.encode())), "match"
    )
    yield vector(
        "json_as_text",
        "JSON that is called text",
        promise(REFUND, VERIFY),
        came(whole, kind="text/plain"),
        "match",
    )
    yield vector(
        "json_a_list",
        "a list where an object was promised",
        promise(REFUND, VERIFY),
        came([REFUNDED]),
        "ambiguous",
        wrong={key: value for key, value in _ALL.items() if key != "body"},
    )
    xml = ("<r><amount>500</amount><currency>eur</currency><charge>ch_1</charge>"
           "<account>acct_1</account><status>pending</status></r>")  # fmt: skip
    spec = {
        **VERIFY,
        "equal": [{**row, "pointer": f"/r/{row['param']}"} for row in EQUAL],
        "in": [{**SUCCEEDED, "pointer": "/r/status"}],
    }
    yield vector(
        "xml_match", "XML says it all as text", promise(REFUND, spec), came(xml, kind="text/xml"), "match"
    )
    yield vector(
        "xml_drift",
        "XML says another amount",
        promise(REFUND, spec),
        came(xml.replace("500", "501"), kind="text/xml"),
        "drift",
        wrong={"amount": "drift"},
    )
    yield vector(
        "xml_two_amounts",
        "XML says two amounts, the approved one first",
        promise(REFUND, spec),
        came(xml.replace("<currency>", "<amount>50000</amount><currency>"), kind="text/xml"),
        "drift",
        wrong={"amount": "drift"},
    )
    yield vector(
        "xml_entity",
        "XML with an entity of its own",
        promise(REFUND, spec),
        came('<!DOCTYPE r [<!ENTITY a "500">]>' + xml, kind="text/xml"),
        "ambiguous",
        wrong={**{key: value for key, value in _ALL.items() if key != "/status"}, "/r/status": "ambiguous"},
    )
    lines = {"body": "ndjson", "equal": [{"pointer": "/*/tenant", "param": "region"}]}
    rate = {**ROWS, "parameters": {"region": "eu"}}
    for name, body, result in (
        ("match", '{"tenant":"eu"}\n{"tenant":"eu"}\n', "match"),
        ("drift", '{"tenant":"eu"}\n{"tenant":"us"}\n', "drift"),
        ("cut", '{"tenant":"eu"}\n{"tena', "ambiguous"),
    ):
        wrong = {} if result == "match" else {"region": result}
        wrong |= {"body": "ambiguous"} if result == "ambiguous" else {}
        yield vector(
            f"ndjson_{name}",
            "every line is a value",
            promise(rate, lines),
            came(body, kind="application/x-ndjson"),
            result,
            wrong=wrong,
        )
    yield vector(
        "text_match",
        "a text that is the promised one",
        promise(ROWS, {"body": "text", "in": [{"pointer": "", "values": ["OK"]}]}),
        came("OK"),
        "match",
    )
    yield vector(
        "text_drift",
        "another text",
        promise(ROWS, {"body": "text", "in": [{"pointer": "", "values": ["OK"]}]}),
        came("KO"),
        "drift",
        wrong={"body": "drift"},
    )
