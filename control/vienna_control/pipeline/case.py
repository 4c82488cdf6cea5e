"""One ask on its way through the pipeline, and the parts of the process that decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vienna_control.approvals.memory import Past
from vienna_control.authority import Authority
from vienna_control.fleet import trust
from vienna_control.fleet.registry import Agent
from vienna_control.intake import entry
from vienna_control.intake.ask import Ask
from vienna_control.intake.judgement import Judgement
from vienna_control.intake.rates import Rates
from vienna_control.policies import Bundle, Policies

if TYPE_CHECKING:
    from vienna_control.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What decides, once in a process.

    Attributes:
        merits: Verified successes, counted towards trust.
    """

    authority: Authority
    policies: Policies
    settings: Settings
    rates: Rates
    merits: trust.Merits


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One ask on its way: who, what, under which bundle, what the law says, and the consent that it redeems."""

    agent: Agent
    ask: Ask
    bundle: Bundle
    judged: Judgement
    past: Past | None

    @property
    def wire(self) -> bool:
        """Whether a gate stands in its way, and sends it once it is granted."""
        return self.ask.caller.sidecar_id is not None

    def told(self, would: Literal["held", "refused"] | None = None) -> entry.Told:
        judged = self.judged
        return entry.Told.of(
            judged.decision, would=would, policy_digest=self.bundle.policy_digest, facts=judged.facts
        )
