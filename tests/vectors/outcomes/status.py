"""The status of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import FETCH, REFUND, REFUNDED, SUCCEEDED, VERIFY, Vector, came, promise, vector


def statuses() -> Iterator[Vector]:
    asked = promise(REFUND, VERIFY)
    yield vector(
        "status_match",
        "the status that the mapping names, nothing else promised",
        promise(REFUND, {"status": [201]}),
        came("", 201),
        "match",
    )
    for status, result in (
        (202, "ambiguous"),
        (204, "ambiguous"),
        (301, "ambiguous"),
        (303, "ambiguous"),
        (307, "ambiguous"),
        (400, "failed"),
        (402, "failed"),
        (404, "failed"),
        (408, "ambiguous"),
        (409, "failed"),
        (429, "failed"),
        (500, "ambiguous"),
        (502, "ambiguous"),
        (504, "ambiguous"),
        (101, "ambiguous"),
        (999, "ambiguous"),
    ):
        wrong = {"status": result}
        body: Any = REFUNDED
        if status == 202:
            wrong["done"] = "unverifiable"
        if status == 204:
            body, wrong = (
                "",
                {
                    "status": "ambiguous",
                    "body": "ambiguous",
                    "amount": "ambiguous",
                    "currency": "ambiguous",
                    "charge": "ambiguous",
                    "account": "ambiguous",
                    "/status": "ambiguous",
                },
            )
        yield vector(
            f"status_write_{status}",
            f"a write is answered {status}, which the mapping does not name",
            asked,
            came(body, status),
            result,
            wrong=wrong,
        )
    for status, result in ((404, "failed"), (408, "failed"), (500, "failed"), (302, "ambiguous")):
        yield vector(
            f"status_read_{status}",
            f"a read is answered {status}: nothing can have happened",
            promise(FETCH, {"status": [200]}),
            came({}, status),
            result,
            wrong={"status": result},
        )
    yield vector(
        "status_accepted_only",
        "202 is named and all agrees: it is accepted, not done",
        promise(REFUND, {**VERIFY, "status": [202]}),
        came(REFUNDED, 202),
        "unverifiable",
        wrong={"done": "unverifiable"},
    )
    yield vector(
        "status_no_content",
        "204 is named: there is nothing to compare",
        promise(REFUND, {**VERIFY, "status": [200, 204]}),
        came("", 204, None),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
    yield vector(
        "status_drift_beside_it",
        "another 2xx than named, and another amount",
        asked,
        came({**REFUNDED, "amount": 501}, 201),
        "drift",
        wrong={"status": "ambiguous", "amount": "drift"},
    )
    for name, intent, result in (("write", REFUND, "unverifiable"), ("read", FETCH, "match")):
        yield vector(
            f"nothing_promised_{name}",
            f"a {name} of which nothing is promised is answered",
            promise(intent),
            came({}),
            result,
        )
        yield vector(
            f"nothing_promised_{name}_refused",
            f"a {name} of which nothing is promised is refused",
            promise(intent),
            came({}, 403),
            "failed" if name == "write" else "match",
        )
    yield vector(
        "nothing_promised_write_500",
        "a write of which nothing is promised breaks",
        promise(REFUND),
        came({}, 500),
        "ambiguous",
    )
    yield vector(
        "head_match",
        "HEAD: no body, a header is promised",
        promise(
            {**FETCH, "parameters": {"etag": "x1"}},
            {"status": [200], "equal": [{"header": "ETag", "param": "etag"}]},
        ),
        came("", headers=[["etag", "x1"]]),
        "match",
    )
    yield vector(
        "head_body_promised",
        "HEAD: no body, but one is promised",
        promise(FETCH, {"in": [SUCCEEDED]}),
        came(""),
        "ambiguous",
        wrong={"body": "ambiguous", "/status": "ambiguous"},
    )
