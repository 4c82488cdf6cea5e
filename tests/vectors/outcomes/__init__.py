"""Vectors of verification: what was approved and promised, what came, and what that is. See ``../README.md``."""

from __future__ import annotations

import json

from vectors.outcomes import body, equal, graphql, reread, rpc, said, several, status, surplus

GROUPS = (
    status.statuses,
    equal.equals,
    said.among,
    said.failures,
    surplus.side_effects,
    body.bodies,
    graphql.graphql,
    rpc.rpc,
    reread.reread,
    several.several,
)


def files() -> dict[str, str]:
    """Every file by its path below the folder of all vectors."""
    rows = [row for group in GROUPS for row in group()]
    return {
        f"verification/{name}.json": json.dumps(data, indent=1, ensure_ascii=True) + "\n"
        for name, data in rows
    }
