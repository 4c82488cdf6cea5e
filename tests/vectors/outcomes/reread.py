"""Reading back what became of it, and undoing it."""

from __future__ import annotations

from collections.abc import Iterator

from vectors.outcomes.asked import DELETED, REFUND, REFUNDED, VERIFY, Vector, came, promise, vector


def reread() -> Iterator[Vector]:
    back = {"path": "/v1/refunds/{response:/id}", "delay_s": 2, **VERIFY}
    spec = {**VERIFY, "readback": back,
            "compensate": {"action": "cancel_refund", "method": "POST", "path": "/v1/refunds/{response:/id}/cancel"},
            "keep": ["/id"]}  # fmt: skip
    asked = promise(REFUND, spec)
    look = [{"method": "GET", "path": "/v1/refunds/re_1", "delay_s": 2, "before_answer": False}]
    undo = [{"action": "cancel_refund", "method": "POST", "path": "/v1/refunds/re_1/cancel"}]
    both = {"lookups": look, "undo": undo, "extracted": {"/id": "re_1"}}
    more = {**REFUNDED, "amount": 50000}
    for name, says, back_answer, after in (
        ("match", "and it reads the same", came(REFUNDED), "match"),
        ("drift", "and it reads otherwise", came(more), "drift"),
        ("lacks", "and what is read lacks the amount", came({"id": "re_1"}), "ambiguous"),
        ("gone", "and it is not there", came({}, 404), "ambiguous"),
        ("refused", "and reading is refused", came({}, 403), "match"),
        ("broken", "and reading breaks", came({}, 503), "match"),
        ("unreachable", "and nobody answers", None, "match"),
    ):
        yield vector(
            f"readback_match_{name}",
            f"all agrees, {says}",
            asked,
            came(REFUNDED),
            "match",
            **both,
            readback=back_answer,
            after=after,
        )
    accepted = promise(REFUND, {**spec, "status": [202], "equal": [], "in": []})
    for name, says, back_answer, after in (
        ("match", "and it reads as approved", came(REFUNDED), "match"),
        ("drift", "and it reads otherwise", came(more), "drift"),
        ("gone", "and it is not there", came({}, 404), "ambiguous"),
        ("unreachable", "and nobody answers", None, "unverifiable"),
    ):
        yield vector(
            f"readback_accepted_{name}",
            f"accepted only, {says}",
            accepted,
            came({"id": "re_1"}, 202),
            "unverifiable",
            wrong={"done": "unverifiable"},
            **both,
            readback=back_answer,
            after=after,
        )
    fewer = {key: value for key, value in REFUNDED.items() if key != "amount"}
    for name, back_answer, after in (
        ("match", came(REFUNDED), "ambiguous"),
        ("drift", came(more), "drift"),
        ("unreachable", None, "ambiguous"),
    ):
        yield vector(
            f"readback_ambiguous_{name}",
            "the answer lacks the amount, then it is read back",
            asked,
            came(fewer),
            "ambiguous",
            wrong={"amount": "ambiguous"},
            **both,
            readback=back_answer,
            after=after,
        )
    yield vector(
        "readback_not_after_drift",
        "what has drifted is not read back, and may be undone",
        asked,
        came(more),
        "drift",
        wrong={"amount": "drift"},
        lookups=[],
        undo=undo,
    )
    yield vector(
        "readback_not_after_failure",
        "where nothing happened there is nothing to read or to undo",
        asked,
        came({"error": {}}, 402),
        "failed",
        wrong={"status": "failed"},
        lookups=[],
        undo=[],
    )
    for name, bad in (
        ("slash", "re_1/../../v1/payouts"),
        ("dots", ".."),
        ("encoded", "re%2f1"),
        ("query", "re?a=b"),
        ("empty", ""),
        ("object", {"a": 1}),
        ("truth", True),
        ("space", "re 1"),
        ("long", "x" * 201),
    ):
        yield vector(
            f"readback_path_{name}",
            "an id that is not one plain segment leads nowhere",
            asked,
            came({**REFUNDED, "id": bad}),
            "match",
            lookups=[],
            undo=[],
        )
    number = {"path": "/charges/{params.charge}/refunds/{response:/n}", "method": "GET", "status": [200]}
    yield vector(
        "readback_path_number",
        "an id that is a number, and an approved parameter",
        promise(REFUND, {**VERIFY, "readback": number}),
        came({**REFUNDED, "n": 7}),
        "match",
        lookups=[{"method": "GET", "path": "/charges/ch_1/refunds/7", "delay_s": 0, "before_answer": False}],
    )
    hidden = {**REFUND, "redacted": ["charge"]}
    yield vector(
        "readback_path_redacted",
        "a redacted parameter stands in no path",
        promise(hidden, {**VERIFY, "readback": number}),
        came({**REFUNDED, "n": 7}),
        "match",
        lookups=[],
    )
    erased = promise(
        {**DELETED, "parameters": {"key": "a"}},
        {"status": [204], "readback": {"path": "/o/{key}", "status": [404]}},
    )
    gone_look = [{"method": "GET", "path": "/o/a", "delay_s": 0, "before_answer": False}]
    for name, status, after in (("gone", 404, "match"), ("still_there", 200, "ambiguous")):
        yield vector(
            f"readback_deleted_{name}",
            "what was deleted is read back",
            erased,
            came("", 204, None),
            "match",
            lookups=gone_look,
            readback=came("", status),
            after=after,
        )
