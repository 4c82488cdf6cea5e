"""Labels of targets: whole small spaces of patterns, and the order in which they count."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime
from itertools import product

import pytest

from vienna_kernel.decision.decide import AgentFacts, Facts, decide
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.environments import Environments
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

WORDS = ["".join(row) for n in range(5) for row in product("ab", repeat=n)]
PATTERNS = ["".join(row) for n in range(1, 5) for row in product("ab*", repeat=n)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_star_is_any_run_and_all_else_is_itself(pattern: str) -> None:
    labels = Environments([{"x": [pattern]}])
    found = [text for text in WORDS if labels.of(text)]
    assert found == [text for text in WORDS if fnmatch.fnmatchcase(text, pattern)]


def test_what_looks_like_a_pattern_elsewhere_is_itself_here() -> None:
    labels = Environments([{"x": ["a.b", "[c]", "d?"]}])
    assert [text for text in ("a.b", "axb", "[c]", "c", "d?", "de") if labels.of(text)] == [
        "a.b",
        "[c]",
        "d?",
    ]


def test_the_first_label_counts_whichever_page_it_stands_in() -> None:
    labels = Environments(
        [{"production": ["k8s:prod/*"], "staging": ["k8s:*"]}, {"production": ["stripe:*"]}]
    )
    asked = ["k8s:prod/web", "k8s:test/web", "stripe:acct", "other"]
    assert [labels.of(target) for target in asked] == ["production", "staging", "production", None]
    assert labels.data() == {"production": ["k8s:prod/*", "stripe:*"], "staging": ["k8s:*"]}


def test_it_is_linear_where_stars_are_many() -> None:
    assert Environments([{"x": ["*a" * 200 + "*b"]}]).of("a" * 20_000) is None


PAGE = """\
apiVersion: vienna/v1
kind: Rules
id: p
environments: {production: ["toy:thing/*"]}
rules: [{id: prod, name: not in production, when: "environment == 'production'", then: {action: deny}},
        {id: rest, name: elsewhere, when: "environment == 'staging'", then: {action: allow}}]
"""


@pytest.mark.parametrize(("target", "rule"), [("toy:thing/1", "prod"), ("toy:other/1", "rest")])
def test_a_rule_goes_by_the_target_before_the_agent(target: str, rule: str) -> None:
    facts = Facts(
        agent=AgentFacts(id="agt-1", name="bot", environment="staging"), now=datetime(2026, 3, 25, tzinfo=UTC)
    )
    intent = Intent(
        action="act",
        target=target,
        parameters={},
        effect=Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=Tier.T0,
        mapping="m@1",
    )
    tiers = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
    rules = RuleSet.compile([parse(PAGE, name="p.yaml")])
    assert decide(intent, facts, rules, tiers).rule_id == rule


def test_the_digest_counts_them_in_their_order() -> None:
    pages = [PAGE, PAGE.replace("thing", "things"), PAGE.replace("}\n", ', b: ["x"]}\n', 1)]
    pages.append(PAGE.replace("{production", '{b: ["x"], production'))
    assert len({RuleSet.compile([parse(page, name="p.yaml")]).digest for page in pages}) == len(pages)


@pytest.mark.parametrize("said", ['{Prod: ["x"]}', "{prod: []}", '{prod: [""]}', "{prod: x}"])
def test_what_is_no_label_is_refused_at_its_place(said: str) -> None:
    with pytest.raises(DocumentError, match=r"p\.yaml:4"):
        RuleSet.compile([parse(PAGE.replace('{production: ["toy:thing/*"]}', said), name="p.yaml")])
