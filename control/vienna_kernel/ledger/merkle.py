"""The Merkle tree over entry leaves (RFC 6962, proofs as in RFC 9162 section 2.1).

A tree that only grows is its compact range: the roots of the full subtrees that its size in binary names, at most 64
hashes. Proofs are made from the stored leaf hashes, and checked without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from vienna_kernel.errors import MalformedError

EMPTY_ROOT = hashlib.sha256(b"").digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that leaves are appended to.

    Attributes:
        size: Number of leaves.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """A tree restored from ``size`` and ``nodes``. Errors: ``MalformedError`` when they do not fit together."""
        if size < 0 or len(nodes) != size.bit_count() or any(len(node) != 32 for node in nodes):
            raise MalformedError("tree", f"{len(nodes)} nodes do not make a tree of {size} leaves")
        self.size = size
        self._nodes = list(nodes)

    @property
    def nodes(self) -> list[bytes]:
        """The compact range, largest subtree first."""
        return list(self._nodes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash (32 bytes)."""
        node, size = leaf, self.size
        while size & 1:
            node = hashlib.sha256(b"\x01" + self._nodes.pop() + node).digest()
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """32-byte root hash; of an empty tree, SHA-256 of nothing."""
        if not self._nodes:
            return EMPTY_ROOT
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = _node(node, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over these leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two below ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Hashes that lead from leaf ``index`` to the root over ``leaves``, lowest first.

    Errors: ``IndexError`` for a leaf that is not there.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    proof: list[bytes] = []
    while len(leaves) > 1:
        middle = _split(len(leaves))
        if index < middle:
            proof.append(root_of(leaves[middle:]))
            leaves = leaves[:middle]
        else:
            proof.append(root_of(leaves[:middle]))
            leaves, index = leaves[middle:], index - middle
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows ``leaf`` at ``index`` of the tree of ``size`` leaves with this root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = _node(node, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, node)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Hashes that show the tree over ``leaves`` to extend the one over its first ``first`` leaves.

    Errors: ``IndexError`` when ``first`` is not within 0 and their number.
    """
    if not 0 <= first <= len(leaves):
        raise IndexError(first)
    if first in (0, len(leaves)):
        return []
    proof: list[bytes] = []
    whole = True  # the part at hand is a whole subtree of the first tree, whose root the verifier has
    while first != len(leaves):
        middle = _split(len(leaves))
        if first <= middle:
            proof.append(root_of(leaves[middle:]))
            leaves = leaves[:middle]
        else:
            proof.append(root_of(leaves[:middle]))
            leaves, first, whole = leaves[middle:], first - middle, False
    return ([] if whole else [root_of(leaves)]) + proof[::-1]


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows the tree of ``second`` leaves to extend the tree of ``first`` leaves."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    nodes = list(proof)
    if first.bit_count() == 1:
        nodes.insert(0, first_root)
    if not nodes:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _node(node, old), _node(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _node(new, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
