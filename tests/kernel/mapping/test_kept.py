"""Compiled once for the same files and hosts, anew for any other."""

from __future__ import annotations

import pytest

from mapping_kit import action
from vienna_kernel.document import DocumentError
from vienna_kernel.mapping.kept import compiled, parsed
from vienna_kernel.mapping.reading import MappingSet

FILES = (("a.yaml", action()),)


def test_the_same_files_are_the_same_set() -> None:
    assert compiled(FILES) is compiled((("a.yaml", action()),))
    assert compiled(FILES).digest == MappingSet.compile([parsed(action(), "a.yaml")]).digest


@pytest.mark.parametrize(
    ("files", "hosts"),
    [
        ((("a.yaml", action(path="/other")),), ()),
        (FILES, (("shop", ("more.example",)),)),
        ((*FILES, ("b.yaml", action().replace("id: shop", "id: b").replace("/pay", "/b"))), ()),
    ],
)
def test_any_other_is_another(
    files: tuple[tuple[str, str], ...], hosts: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    assert compiled(files, hosts) is not compiled(FILES)
    assert (
        compiled(files, hosts).hosts
        == MappingSet.compile([parsed(text, name) for name, text in files], extra_hosts=dict(hosts)).hosts
    )


def test_what_is_wrong_is_told_each_time_by_the_files_own_name() -> None:
    for name in ("a.yaml", "b.yaml", "a.yaml"):
        with pytest.raises(DocumentError, match=name):
            compiled(((name, action().replace("T2", "T9")),))
