"""Writes the vectors; see README.md beside it. Everything is fixed: the same files come out every time."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from vectors import chains, consents, outcomes, tokens, uses
from vectors.fixed import JWKS, LOG_KEY
from vienna_kernel.ledger.checkpoint import checkpoint_note, verifier_key
from vienna_kernel.ledger.entry import GENESIS, EntryType, chain_hash, entry_body, leaf_hash
from vienna_kernel.ledger.merkle import Tree, consistency_proof, inclusion_proof

FOLDER = Path(__file__).parent


def ledger() -> dict[str, Any]:
    tree, link, leaves, rows, roots = Tree(), GENESIS, [], [], [Tree().root().hex()]
    for number in range(7):
        body = entry_body(
            id=f"aud-{number}",
            tenant="default",
            type=EntryType.ALERT,
            at="2026-01-05T10:00:00.000Z",
            actor="system",
            agent_id=None,
            intent_id=f"int-{number}" if number % 2 else None,
            data={"n": number, "amount": Decimal("5.50"), "text": "ä\u2028\x00"},
        )
        leaf = leaf_hash(body)
        rows.append({"body": body.decode(), "leaf": leaf.hex(), "previous": link.hex()})
        link = chain_hash(link, leaf)
        tree.append(leaf)
        leaves.append(leaf)
        roots.append(tree.root().hex())
    origin, at = "vienna/vectors", "2026-01-05T10:00:01.000Z"
    return {
        "entries": rows,
        "head": link.hex(),
        "roots": roots,
        "inclusion": [[node.hex() for node in inclusion_proof(leaves, index)] for index in range(7)],
        "consistency": [[node.hex() for node in consistency_proof(leaves, first)] for first in range(8)],
        "note": checkpoint_note(origin, 7, tree.root(), at, LOG_KEY),
        "key": verifier_key(origin, LOG_KEY.verifying()),
    }


def files() -> dict[str, str]:
    """Every file by its path below this folder."""
    out: dict[str, str] = {}
    for number, step in (*tokens.STEPS, *chains.STEPS, *uses.STEPS):
        for name, data in step():
            path = f"warrant/{number:02}_{name}.json"
            assert path not in out, path  # two vectors of one name
            out[path] = json.dumps(data, indent=1, ensure_ascii=True) + "\n"
    out["warrant/keys.json"] = json.dumps(JWKS, indent=1) + "\n"
    out |= outcomes.files()
    out |= consents.files()
    out["ledger/trail.json"] = json.dumps(ledger(), indent=1, ensure_ascii=True) + "\n"
    return out


if __name__ == "__main__":
    for path, text in files().items():
        (FOLDER / path).write_text(text, encoding="utf-8")
