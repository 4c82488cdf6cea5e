"""Consent that the control plane cannot give in people's place: held here against the roster that this gate pins.

1. It is asked for at the tiers from ``passkey_from`` up, and whatever tier the control plane names for the actions and
   requests that this machine's own file lists; in observe too: who pins a roster means it.
2. The warrant's proofs are judged by ``vienna_kernel.consent.quorum``, against the call as this gate is about to send
   it, for the agent that this machine's file names. Nothing of the call is taken from the warrant.
3. By the later of two clocks: the control plane's, and this machine's own.
4. What people agreed to serves once at this gate, over restarts as well: that is on disk before the call leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.consent.quorum import Asked, judge
from vienna_kernel.consent.statement import Subject, meaning_of
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.signing import strict_object
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Warrant
from vienna_proxy.config import ConsentConfig
from vienna_proxy.evidence import durable
from vienna_proxy.link.roster import Rosters, read_pin
from vienna_proxy.ports import StartError

_UNHEARD = "People's consent to this could not be verified, so it was not sent. Do not retry; tell the user."


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A call that is about to leave, as the gate knows it by itself.

    Attributes:
        intents: Redacted.
        fingerprint: Of the call as the agent sent it.
        now: By the control plane's clock.
    """

    call: Call
    intents: Sequence[Intent]
    fingerprint: str
    now: datetime


@dataclass(slots=True)
class Consents:
    """Judges the consent of warrants; asks for none where no roster is pinned.

    Attributes:
        agent: Name of the agent, by this machine's file.
        spent: Nonces that served, with the Unix second at which they are over anyway.
    """

    config: ConsentConfig
    agent: str
    rosters: Rosters | None
    kept: Path
    spent: dict[str, int] = field(default_factory=dict)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def open(cls, config: ConsentConfig, *, agent: str, folder: Path) -> Consents:
        """``folder``: the state folder. Raises ``StartError`` for a pin, or a memory of it, that has no reading."""
        kept = folder / "consent.json"
        if config.roster is None:
            return cls(config, agent, None, kept)
        rosters = Rosters(read_pin(config.roster), folder / "rosters.json")
        return cls(config, agent, rosters, kept, _read_spent(kept))

    def follow(self, rows: Sequence[Any]) -> Refused | None:
        """Take the chain of rosters of a bundle; what is wrong with it, None when nothing is."""
        if self.rosters is None:
            return None
        try:
            return self.rosters.follow(rows)
        except MalformedError as error:
            return Refused(Reason.CONSENT_UNPROVEN, str(error))
        except OSError as error:
            return Refused(Reason.AUDIT_UNAVAILABLE, f"the roster cannot be kept: {error.strerror}")

    async def take(self, warrant: Warrant, leaving: Leaving) -> Refused | None:
        """Take the one use of what people agreed to; None when this call may leave."""
        if self.rosters is None or (tier := self._tier(warrant, leaving)) is None:
            return None
        mine = datetime.now(UTC)
        nonces = self._judged(warrant, leaving, tier, max(leaving.now, mine).timestamp())
        if isinstance(nonces, Refused):
            return nonces
        proofs = [row.proof for row in warrant.consents if row.proof is not None]
        # Forgotten by our own clock alone: the control plane's could be put back when it has served its purpose.
        self.spent = {nonce: until for nonce, until in self.spent.items() if until > mine.timestamp()}
        self.spent |= {proof.terms.nonce: proof.terms.until for proof in proofs}
        try:
            async with self._writing:
                await asyncio.to_thread(durable.replace, self.kept, orjson.dumps({"spent": self.spent}))
        except OSError as error:
            return Refused(Reason.AUDIT_UNAVAILABLE, f"consent cannot be kept: {error.strerror}")
        return None

    def _tier(self, warrant: Warrant, leaving: Leaving) -> Tier | None:
        """The tier at which people must have agreed by passkey; None: they need not."""
        least = Tier(self.config.passkey_from)
        if warrant.tier >= least:
            return warrant.tier
        call = leaving.call
        request = f"{call.method} {call.host}{call.path}"
        listed = any(
            fnmatchcase(intent.action, one) for intent in leaving.intents for one in self.config.actions
        ) or any(fnmatchcase(request, one) for one in self.config.requests)
        return least if listed else None

    def _judged(self, warrant: Warrant, leaving: Leaving, tier: Tier, at: float) -> tuple[str, ...] | Refused:
        assert self.rosters is not None  # noqa: S101  # ``take`` asks only then
        subject = Subject(
            agent=self.agent,
            meaning=meaning_of(leaving.intents),
            method=leaving.call.method,
            origin=leaving.call.origin,
            fingerprint=leaving.fingerprint,
        )
        asked = Asked(subject=subject, tier=tier, people=warrant.demand.approvals, at=at)
        nonces = judge(warrant.consents, asked, self.rosters.current)
        if isinstance(nonces, Refused):
            return _refused(nonces.detail)
        if any(nonce in self.spent for nonce in nonces):
            return _refused("what people agreed to has let a call go before")
        return nonces


def _refused(why: str) -> Refused:
    return Refused(Reason.CONSENT_UNPROVEN, why, _UNHEARD)


def _read_spent(path: Path) -> dict[str, int]:
    try:
        data = strict_object(path.read_bytes(), "consent")["spent"]
        return {str(nonce): int(until) for nonce, until in data.items()}
    except FileNotFoundError:
        return {}
    except (OSError, MalformedError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise StartError(f"cannot read {path}: {type(error).__name__}") from None
