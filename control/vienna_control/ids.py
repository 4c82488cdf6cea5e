"""Identifiers: a prefix that says what it names, and a UUIDv7, so that text order is time order."""

from __future__ import annotations

from typing import Literal

import uuid_utils

type Prefix = Literal[
    "int", "apr", "wrt", "exec", "aud", "pol", "act", "agt", "op", "sess", "key", "side",
    "intg", "rpt", "eval", "map", "chk", "vote", "dlg", "cmt", "bg", "alr", "trs", "req", "att",
    "stp", "sim", "std", "dlv", "flt",
]  # fmt: skip


def new_id(prefix: str) -> str:
    """``<prefix>-<uuid7>``, e.g. ``int-0197…``. The prefix is one of ``Prefix``, without the dash."""
    return f"{prefix}-{uuid_utils.uuid7()}"
