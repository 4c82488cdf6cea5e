"""The terms that a call in front of somebody suggests: the same again, unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.intent import Intent
from vienna_kernel.warrant.limit import FREE, Limit


def currency_of(intent: Intent) -> str | None:
    """The currency of its amounts, where there is one."""
    codes = {intent.parameters.get(holder, holder) for holder in intent.money.values()}
    (code,) = codes if len(codes) == 1 else (None,)
    return code if isinstance(code, str) and len(code) == 3 else None


def limits_like(intent: Intent, wider: Mapping[str, Limit]) -> dict[str, Limit]:
    """Each parameter as it is, but for those in ``wider``. What the call leaves open may be anything."""
    same = {name: Limit(one_of=(value,)) for name, value in intent.parameters.items()}
    return {**same, **dict.fromkeys(sorted(intent.undetermined), FREE), **wider}
