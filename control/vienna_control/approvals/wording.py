"""Words of operators on their way to an agent: they end up in a prompt, so they arrive quoted and short."""

from __future__ import annotations

from vienna_kernel.decision.hint import WORDS, clean, denied_by_people


def kept(text: str) -> str:
    """Words as they are kept and shown: one line, without control and bidirectional characters."""
    return clean(text, WORDS)


def denied_hint(reason: str) -> str:
    """What the agent reads when people said no. Names no operator."""
    return denied_by_people(reason)


def expired_hint() -> str:
    """What the agent reads when nobody answered."""
    return "Nobody decided about this in time, so it was not let through. Ask your user; do not retry for ten minutes."
