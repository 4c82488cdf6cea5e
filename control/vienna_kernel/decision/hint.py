"""What an agent is told about a decision: what, why, whether to try again, what to do instead.

At most 400 characters, one line, no operator's name. Policy authors' words are quoted, stripped of control and
bidirectional characters: they end up in a prompt.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from vienna_kernel import duration, money
from vienna_kernel.budget.claim import Claim
from vienna_kernel.intent import Intent
from vienna_kernel.value import plain_decimal

LONGEST = 400
WORDS = 300
"""Characters that are kept of what an operator says to an agent."""


def clean(text: str, limit: int = 160) -> str:
    """One line of printable text, cut at ``limit`` characters."""
    if text.isprintable():
        shown = " ".join(text.split())
        return shown if len(shown) <= limit else shown[: limit - 1] + "…"
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char for char in text
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _what(intent: Intent) -> str:
    return clean(intent.summary or f"{intent.action} on {intent.target}")


def denied(why: str, open_fields: Sequence[str] = ()) -> str:
    """``open_fields``: what this request leaves open, when the rule applies for that reason only."""
    told = f'Denied by policy: "{clean(why)}". '
    if open_fields:
        names = clean(", ".join(open_fields), 80)
        told += f"It applies because this request does not settle {names} in the terms of the rule. "
    return told + "Do not retry this call. Ask your user, or ask for something else."


def denied_by_people(reason: str) -> str:
    """Names no operator."""
    words = clean(reason, WORDS).replace('"', "'")
    told = f'Denied by a person: "{words}".' if words else "Denied by a person."
    return clean(f"{told} Do not retry; ask your user.", LONGEST)


def rate_limited(why: str, window_seconds: int) -> str:
    wait = duration.text(window_seconds)
    return f'Too many calls: "{clean(why)}". Wait {wait}, then try again, more slowly.'


def over_budget(claim: Claim) -> str:
    """How much is left, and when enough of it frees."""
    budget, account = claim.budget, claim.account
    within = f"{_amount(claim, budget.limit)} in {duration.text(budget.window)}"
    asked = _amount(claim, claim.amount or Decimal(0))
    if account is None or not claim.may_fit_later:
        return (
            f"The budget {budget.name} holds {within}, and this alone asks {asked}. Do not retry. "
            "Ask for less, or ask your user."
        )
    at = claim.frees_at
    frees = f"Enough frees at {_instant(at)}" if at else "Enough frees when calls under way have ended"
    left = f"{_amount(claim, account.remaining)} of {within}"
    return (
        f"The budget {budget.name} has {left} left, and this asks {asked}. {frees}. "
        "Do not retry before. Ask for less, or ask your user."
    )


def uncounted(claim: Claim) -> str:
    budget = claim.budget
    if claim.key is None or claim.account is None:
        return f"The budget {budget.name} applies, and it cannot be told whose it is. Do not retry. Ask your user."
    unit = f" in {budget.currency}" if budget.currency else ""
    return (
        f"The budget {budget.name} applies, and this request does not settle how much it would use "
        f"({clean(budget.over, 80)}{unit}). Do not retry as it is. Say how much, or ask your user."
    )


def _amount(claim: Claim, amount: Decimal) -> str:
    currency = claim.budget.currency
    if currency:
        return money.shown(amount, currency)
    whole, _, rest = plain_decimal(amount).partition(".")
    return f"{int(whole):,}.{rest}" if rest else f"{int(whole):,}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def no_rule(intent: Intent) -> str:
    return f"{_what(intent)}: no policy rule allows this. Do not retry. Ask your user to have the policy extended."


def unmapped(intent: Intent) -> str:
    return (
        f"{_what(intent)}: what this request would do is not known, because no mapping describes it. Do not retry. "
        "Ask your user to describe it in a mapping file; `vienna mappings check FILE` says whether one is valid."
    )


def not_allowed(intent: Intent) -> str:
    return f"{_what(intent)}: this agent may not do that. Do not retry. Ask your user, or do something else."


def held(intent: Intent) -> str:
    return (
        f"{_what(intent)}: people have to agree before this may leave, and they are being asked. "
        "Wait, or send the identical request again later; a changed one starts anew."
    )
