from __future__ import annotations

from vienna_control.authority import Grant
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.token import Demand


def test_a_grant_asks_for_no_consent_and_binds_no_request_unless_told() -> None:
    grant = Grant(
        tenant="default",
        intent_id="int-1",
        agent_id="agt-1",
        agent="bot",
        tier=Tier.T0,
        ttl_seconds=300,
        intents=(),
        actor="system",
    )
    assert grant.demand == Demand()
    assert (grant.call, grant.holder_jkt, grant.audience, grant.observed) == (None, None, None, False)
