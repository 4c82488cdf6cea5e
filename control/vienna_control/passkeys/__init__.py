"""Passkeys: what people show that nobody can copy, and what they sign.

Read in this order: ``party`` (whom they answer), ``challenges`` (asked once, for five minutes), ``enrolment`` (a new
one), ``keys`` (those that are there), ``answers`` (what one of them said), ``consent`` (yes to a call), ``roster``
(whose yes counts) and ``changes`` (how that becomes another).
"""

from __future__ import annotations

from vienna_control.passkeys.challenges import Challenges
from vienna_control.passkeys.party import party_of
from vienna_control.ports import Hasher

__all__ = ["Passkeys"]


class Passkeys:
    """What passkeys need of the process.

    Attributes:
        party: Whom they answer; None where no browser would make one.
    """

    def __init__(self, hasher: Hasher, *, base_url: str) -> None:
        self.challenges = Challenges(hasher)
        self.party = party_of(base_url)
