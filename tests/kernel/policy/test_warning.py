"""How a warning reads."""

from vienna_kernel.policy.warning import PolicyWarning


def test_it_reads_place_rule_why_and_what_to_do() -> None:
    one = PolicyWarning("p.yaml:5:3 rules[0].id", "r", "over", "it is over", "remove it")
    assert str(one) == "p.yaml:5:3 rules[0].id: r: it is over (remove it)"


def test_one_about_all_of_them_names_no_rule() -> None:
    one = PolicyWarning("default", "", "allows_by_default", "the default is allow", "use deny")
    assert str(one) == "default: the default is allow (use deny)"
