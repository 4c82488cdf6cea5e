"""Whether enough people of the roster agreed to this very call: what a gate asks before it believes a yes.

Each step refuses by itself:

1. How many: as many different people as the warrant demands, and no fewer than the roster's quorum for the tier, each
   of its groups among them. The tier is the highest of what the warrant says and what the caller knows by itself.
2. Each proof is of a key that the roster has now, by the person whom the warrant names.
3. Each was given at this tier or a higher one, and can still be used.
4. All were given to one approval and one sight of it: yeses of two askings are not added up.
5. Each passkey answered the challenge of exactly this call, put together here and not taken from the warrant.

A consent without proof does not count; a proof that does not hold refuses all of it, because nobody honest sends one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vienna_kernel.consent.passkey import answered
from vienna_kernel.consent.roster import Member, Quorum, Roster
from vienna_kernel.consent.statement import Proof, Subject, challenge_of
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a yes must prove.

    Attributes:
        subject: The call, as the verifier knows it by itself.
        tier: At least the warrant's.
        people: What the warrant demands.
        at: Now, Unix seconds.
    """

    subject: Subject
    tier: Tier
    people: int
    at: float


def judge(consents: Sequence[Consent], asked: Asked, roster: Roster) -> tuple[str, ...] | Refused:
    """The nonces of the proofs that it rests on, each of which serves once; the argument is the module's."""
    wanted = roster.quorum_at(asked.tier) or Quorum(1)
    given = [(row, row.proof) for row in consents if row.proof is not None]
    if len({(proof.terms.approval, proof.terms.shown) for _, proof in given}) > 1:  # (4)
        return _refused("the passkeys agreed to different askings")
    people: dict[str, Member] = {}
    for row, proof in given:
        member = _proved(row, proof, asked, roster)
        if isinstance(member, Refused):
            return member
        people[member.operator] = member
    most = max(wanted.people, asked.people)  # (1)
    if len(people) < most:
        return _refused(f"{len(people)} of {most} people agreed by passkey")
    groups = {group for member in people.values() for group in member.groups}
    if missing := [group for group in wanted.groups if group not in groups]:
        return _refused(f"nobody of group {missing[0]} agreed by passkey")
    return tuple([proof.terms.nonce for _, proof in given])


def _proved(row: Consent, proof: Proof, asked: Asked, roster: Roster) -> Member | Refused:
    member = roster.find(proof.kid)
    if member is None or not member.holds(asked.at):  # (2)
        return _refused(f"key {proof.kid[:43]} is not in roster {roster.version}, or has expired")
    if member.operator != row.operator:
        return _refused("a passkey of somebody else than the warrant names")
    if proof.terms.tier < asked.tier:  # (3)
        return _refused(f"agreed to at {proof.terms.tier.value}, used at {asked.tier.value}")
    if asked.at >= proof.terms.until:
        return _refused("what was agreed to can no longer be used")
    challenge = challenge_of(asked.subject, proof.terms)  # (5)
    verdict = answered(proof.assertion, member.key, challenge=challenge, party=roster.party)
    return verdict if isinstance(verdict, Refused) else member


def _refused(why: str) -> Refused:
    return Refused(Reason.CONSENT_UNPROVEN, f"consent: {why}")
