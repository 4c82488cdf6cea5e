from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutant import must_die
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger import merkle
from vienna_kernel.ledger.entry import leaf_hash
from vienna_kernel.ledger.merkle import (
    Tree,
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The inputs and roots that implementations of RFC 6962 share.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 18
LEAVES = [leaf_hash(b"%d" % number) for number in range(MOST)]


def _recursive(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = max(2**i for i in range(20) if 2**i < len(leaves))
    return hashlib.sha256(b"\x01" + _recursive(leaves[:k]) + _recursive(leaves[k:])).digest()


def law_roots(m: ModuleType) -> None:
    """The roots of RFC 6962, and by its definition those of every size."""
    tree = m.Tree()
    assert tree.root() == m.EMPTY_ROOT == _recursive([])
    for text, root in zip(INPUTS, ROOTS, strict=True):
        tree.append(leaf_hash(bytes.fromhex(text)))
        assert tree.root().hex() == root
    for size in range(70):
        leaves = [leaf_hash(b"%d" % number) for number in range(size)]
        assert m.root_of(leaves) == _recursive(leaves)


@given(st.integers(0, 300))
def test_the_compact_range_is_the_definition(size: int) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    assert root_of(leaves) == _recursive(leaves)


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_tree_restored_goes_on_as_if_never_stopped(first: int, more: int) -> None:
    tree = Tree()
    for number in range(first):
        tree.append(leaf_hash(b"%d" % number))
    restored = Tree(tree.size, tree.nodes)
    for number in range(first, first + more):
        tree.append(leaf_hash(b"%d" % number))
        restored.append(leaf_hash(b"%d" % number))
    assert restored.root() == tree.root()


@pytest.mark.parametrize(
    ("size", "nodes"),
    [(1, []), (2, [bytes(32)] * 2), (3, [bytes(32), bytes(31)]), (-1, []), (-1, [bytes(32)])],
)
def test_a_state_that_fits_no_tree_is_malformed(size: int, nodes: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        Tree(size, nodes)


def law_inclusion(m: ModuleType) -> None:
    """Every leaf of every tree is proved at its place, and nothing else is: no other leaf, place, size or proof."""
    for size in range(1, MOST + 1):
        leaves, root = LEAVES[:size], root_of(LEAVES[:size])
        for index in range(size):
            proof = m.inclusion_proof(leaves, index)
            for at in range(size):
                for leaf in range(size):
                    held = m.verify_inclusion(leaves[leaf], at, size, proof, root)
                    assert held == (at == index and leaf == index)
            assert m.verify_inclusion(leaves[index], -1, size, proof, root) is False
            assert not m.verify_inclusion(leaves[index], size, size, proof, root)
            assert not m.verify_inclusion(leaves[index], index, size, [*proof, bytes(32)], root)
            if proof:
                assert not m.verify_inclusion(leaves[index], index, size, proof[:-1], root)
                assert not m.verify_inclusion(leaves[index], index, size, [bytes(32), *proof[1:]], root)


def law_consistency(m: ModuleType) -> None:
    """Every tree is proved to extend each that was before it, and no other."""
    roots = [root_of(LEAVES[:size]) for size in range(MOST + 1)]
    for second in range(MOST + 1):
        for first in range(second + 1):
            proof = m.consistency_proof(LEAVES[:second], first)
            assert m.verify_consistency(first, second, roots[first], roots[second], proof)
            other = [root for root in roots if root not in (roots[first], roots[second])]
            assert not any(m.verify_consistency(first, second, root, roots[second], proof) for root in other)
            assert not any(
                m.verify_consistency(first, second, roots[first], root, proof) for root in other if first
            )
            assert not m.verify_consistency(first, second, roots[first], roots[second], [*proof, bytes(32)])
            if proof:
                assert not m.verify_consistency(first, second, roots[first], roots[second], proof[:-1])
                assert not m.verify_consistency(first, second, roots[first], roots[second], [])
                # a proof has one depth, so that it serves no tree of another
                assert not m.verify_consistency(first, 4 * second, roots[first], roots[second], proof)


def law_length(m: ModuleType) -> None:
    """What holds for a claimed place or size, whatever tree it was made for, has the length that belongs to it.

    Whoever chooses the root too could else prove a leaf in a tree that is too small to have the proof.
    """
    trees = [(size, LEAVES[:size], root_of(LEAVES[:size])) for size in range(1, MOST + 1)]
    places = [(at, size, len(m.inclusion_proof(rows, at))) for size, rows, _ in trees for at in range(size)]
    growths = [
        (old, new, len(m.consistency_proof(rows, old))) for new, rows, _ in trees for old in range(new + 1)
    ]
    for size, leaves, root in trees:
        for index in range(size):
            proof = m.inclusion_proof(leaves, index)
            for at, of, length in places:
                found = m.verify_inclusion(leaves[index], at, of, proof, root)
                assert found is False or length == len(proof), (index, size, at, of)
        for first in range(size + 1):
            proof, before = m.consistency_proof(leaves, first), root_of(leaves[:first])
            for old, new, length in growths:
                found = m.verify_consistency(old, new, before, root, proof)
                assert found is False or length == len(proof), (first, size, old, new)


@pytest.mark.parametrize("law", [law_roots, law_inclusion, law_consistency, law_length])
def test_law(law: Any) -> None:
    law(merkle)


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_roots, 'return hashlib.sha256(b"\\x01" + left + right)', "return hashlib.sha256(left + right)"),
        (law_roots, 'return hashlib.sha256(b"\\x01" + left + right)', 'return hashlib.sha256(b"\\x01" + right + left)'),
        (law_roots, "self._nodes.pop() + node).digest()", "node + self._nodes.pop()).digest()"),
        (law_roots, "for node in reversed(self._nodes[:-1]):", "for node in self._nodes[:-1]:"),
        (law_roots, "while size & 1:", "if size & 1:"),
        (law_inclusion, "if not 0 <= index < size:\n        return False", "pass"),
        (law_inclusion, "return last == 0 and found == root", "return found == root"),
        (law_inclusion, "return last == 0 and found == root", "return last == 0"),
        (law_inclusion, "1 << ((size - 1).bit_length() - 1)", "size // 2"),
        (law_inclusion, "leaves, index = leaves[middle:], index - middle", "leaves = leaves[middle:]"),
        (law_consistency, "if first == second:\n        return not proof and first_root == second_root",
         "if first == second:\n        return not proof"),
        (law_consistency, "return not proof and first_root == EMPTY_ROOT", "return not proof"),
        (law_consistency, "return last == 0 and old == first_root and new == second_root",
         "return last == 0 and new == second_root"),
        (law_consistency, "return last == 0 and old == first_root and new == second_root",
         "return last == 0 and old == first_root"),
        (law_consistency, "return last == 0 and old == first_root and new == second_root",
         "return old == first_root and new == second_root"),
        (law_consistency, "if first.bit_count() == 1:\n        nodes.insert(0, first_root)", "pass"),
        (law_consistency, "([] if whole else [root_of(leaves)])", "[root_of(leaves)]"),
        (law_consistency, "if first <= middle:", "if first < middle:"),
        (law_length, "if last == 0:\n            return False\n        if at & 1 or at == last:\n            found",
         "if at & 1 or at == last:\n            found"),
        (law_length, "if last == 0:\n            return False\n        if at & 1 or at == last:\n            old",
         "if at & 1 or at == last:\n            old"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, merkle, old, new)


def test_no_proof_beyond_the_tree() -> None:
    for bad in (-1, 3):
        with pytest.raises(IndexError):
            inclusion_proof(LEAVES[:3], bad)
    for bad in (-1, 4):
        with pytest.raises(IndexError):
            consistency_proof(LEAVES[:3], bad)
    assert not verify_inclusion(LEAVES[0], 1, 1, [], LEAVES[0])
    assert not verify_consistency(2, 1, LEAVES[0], LEAVES[0], [])


@given(st.integers(-2, 40), st.integers(-2, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_verification_is_total(first: int, second: int, proof: list[bytes]) -> None:
    verify_inclusion(bytes(32), first, second, proof, bytes(32))
    verify_consistency(first, second, bytes(32), bytes(32), proof)
