"""More than was approved: recipients, keys, rows, bytes."""

from __future__ import annotations

from collections.abc import Iterator

from vectors.outcomes.asked import DELETED, FETCH, MAIL, ROWS, WITHIN, Vector, came, promise, unseen, vector


def side_effects() -> Iterator[Vector]:
    mail = promise(MAIL, WITHIN)
    to = [{"email": "a@acme.example"}, {"email": "b@ACME.example"}]
    yield vector(
        "within_match", "the approved recipients, a domain in capitals", mail, came({"to": to}), "match"
    )
    yield vector("within_fewer", "fewer recipients than approved", mail, came({"to": to[:1]}), "match")
    yield vector(
        "within_extra_recipient",
        "one recipient more than approved",
        mail,
        came({"to": [*to, {"email": "eve@evil.example"}]}),
        "drift",
        wrong={"to": "drift"},
    )
    yield vector(
        "within_subdomain",
        "the same address at a host below",
        mail,
        came({"to": [{"email": "a@acme.example.evil.example"}]}),
        "drift",
        wrong={"to": "drift"},
    )
    yield vector(
        "within_homoglyph",
        "an address that looks the same",
        mail,
        came({"to": [{"email": "а@acme.example"}]}),
        "drift",
        wrong={"to": "drift"},
    )
    yield vector(
        "within_not_a_list",
        "an object where a list was promised",
        mail,
        came({"to": {"email": "a@acme.example"}}),
        "ambiguous",
        wrong={"to": "ambiguous"},
    )
    yield vector(
        "within_untold",
        "a recipient without an address",
        mail,
        came({"to": [*to, {}]}),
        "ambiguous",
        wrong={"to": "ambiguous"},
    )
    yield vector(
        "within_missing",
        "no recipients in the answer",
        mail,
        came({}),
        "ambiguous",
        wrong={"to": "ambiguous"},
    )
    yield vector(
        "within_unseen",
        "recipients streamed past",
        mail,
        unseen(),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
    copied = {
        **WITHIN,
        "within": [*WITHIN["within"], {"pointer": "/bcc", "param": "bcc", "type": "email_list"}],
    }
    yield vector(
        "within_none_approved",
        "a blind copy where none was approved",
        promise(MAIL, copied),
        came({"to": to, "bcc": ["eve@evil.example"]}),
        "drift",
        wrong={"bcc": "drift"},
    )
    yield vector(
        "within_none_approved_none_there",
        "no blind copy, approved or sent",
        promise(MAIL, copied),
        came({"to": to, "bcc": []}),
        "match",
    )
    keys = [{**DELETED, "parameters": {"key": key}} for key in ("a", "b")]
    spec = {
        "within": [{"pointer": "/DeleteResult/Deleted/*/Key", "param": "key"}],
        "absent": ["/DeleteResult/Error"],
    }
    for name, inner, result, wrong in (
        ("match", "<Deleted><Key>a</Key></Deleted><Deleted><Key>b</Key></Deleted>", "match", {}),
        ("one", "<Deleted><Key>b</Key></Deleted>", "match", {}),
        (
            "extra",
            "<Deleted><Key>a</Key></Deleted><Deleted><Key>c</Key></Deleted>",
            "drift",
            {"key": "drift"},
        ),
        ("extra_alone", "<Deleted><Key>c</Key></Deleted>", "drift", {"key": "drift"}),
        (
            "error",
            "<Deleted><Key>a</Key></Deleted><Error><Key>b</Key></Error>",
            "ambiguous",
            {"/DeleteResult/Error": "ambiguous"},
        ),
    ):
        yield vector(
            f"xml_within_{name}",
            "keys that were deleted, held against all that were approved",
            promise(keys, spec),
            came(f"<DeleteResult>{inner}</DeleteResult>", kind="application/xml"),
            result,
            wrong=wrong,
        )
    rows = promise(ROWS, {"at_most": [{"pointer": "/affected", "param": "limit"}]})
    for name, affected, result in (
        ("match", 10, "match"),
        ("none", 0, "match"),
        ("more", 11, "drift"),
        ("text", "5", "drift"),
        ("negative", -1, "drift"),
        ("list", [1] * 11, "drift"),
        ("short_list", [1] * 10, "match"),
        ("null", None, "ambiguous"),
        ("truth", True, "drift"),
        ("object", {}, "drift"),
    ):
        yield vector(
            f"at_most_{name}",
            "how many rows were touched, against how many were approved",
            rows,
            came({"affected": affected}),
            result,
            wrong={} if result == "match" else {"limit": result},
        )
    yield vector(
        "at_most_missing", "how many is not told", rows, came({}), "ambiguous", wrong={"limit": "ambiguous"}
    )
    yield vector(
        "at_most_unseen",
        "how many was streamed past",
        rows,
        unseen(),
        "unverifiable",
        wrong={"body": "unverifiable"},
    )
    spec = {"at_most": [{"header": "X-Rows", "value": 100}]}
    for name, headers, result in (
        ("match", [["x-rows", "100"]], "match"),
        ("more", [["x-rows", "101"]], "drift"),
        ("unicode", [["x-rows", "５"]], "drift"),
        ("twice", [["x-rows", "60"], ["x-rows", "60"]], "drift"),
        ("missing", [], "ambiguous"),
    ):
        wrong = {} if result == "match" else {"header x-rows": result}
        yield vector(
            f"at_most_header_{name}",
            "a header that counts",
            promise(ROWS, spec),
            came("", headers=headers),
            result,
            wrong=wrong,
        )
    spec = {"at_most": [{"pointer": "/results/*/n", "param": "limit"}]}
    yield vector(
        "at_most_sum",
        "of several counts the sum is what counts",
        promise(ROWS, spec),
        came({"results": [{"n": 6}, {"n": 5}]}),
        "drift",
        wrong={"limit": "drift"},
    )
    spec = {"status": [200], "max_body": 10}
    yield vector(
        "max_body_match", "as many bytes as promised", promise(FETCH, spec), came("1234567890"), "match"
    )
    yield vector(
        "max_body_more",
        "one byte more",
        promise(FETCH, spec),
        came("12345678901"),
        "drift",
        wrong={"max_body": "drift"},
    )
    yield vector(
        "max_body_unseen",
        "more bytes, streamed past",
        promise(FETCH, spec),
        unseen(size=11),
        "drift",
        wrong={"max_body": "drift"},
    )
    yield vector(
        "max_body_inflated",
        "few bytes on the wire, many out of their coding",
        promise(FETCH, spec),
        came("1" * 11, size=5),
        "drift",
        wrong={"max_body": "drift"},
    )
    yield vector(
        "limits_match",
        "within the warrant's own limit",
        promise(FETCH),
        came("1234"),
        "match",
        limits={"max_body_bytes": 4},
    )
    yield vector(
        "limits_more",
        "more bytes than the warrant allows",
        promise(FETCH),
        came("12345"),
        "drift",
        limits={"max_body_bytes": 4},
        wrong={"response_limits max_body_bytes": "drift"},
    )
    yield vector(
        "limits_unknown",
        "a limit that this verifier does not know",
        promise(FETCH),
        came("1"),
        "ambiguous",
        limits={"max_pages": 4},
        wrong={"response_limits max_pages": "ambiguous"},
    )
