"""Which files of a folder are policies."""

import pytest

from vienna_kernel import shipped


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "deep/er/a.yaml", "templates.yaml", "a.b.yaml"])
def test_yaml_counts_to_the_bottom(name):
    assert shipped.counts(name.split("/"))


@pytest.mark.parametrize(
    "name", ["a.json", "yaml", "a_cases.yaml", "a_cases.yml", ".a.yaml", ".git/a.yaml", "templates/a.yaml"]
)
def test_the_rest_does_not(name):
    assert not shipped.counts(name.split("/"))


def test_what_ships_is_there():
    assert (shipped.root() / "tiers.yaml").is_file()
