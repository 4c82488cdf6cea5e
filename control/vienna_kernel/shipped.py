"""Which files are policies, and where those that ship with the package lie. It names the place; it reads nothing.

They are package data: in a checkout ``vienna_kernel/_policies`` is a link to the folder ``policies/`` of the
repository, in a wheel it is that folder itself. One source, never two copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

KINDS = ("Rules", "Tiers", "Mapping", "Groups")
"""What a policy document may be."""
CASES = "_cases"
"""The name of a file's cases is the file's own and this."""


def root() -> Path:
    """The folder that holds ``tiers.yaml``, ``starter.yaml`` and ``mappings/``.

    Errors: ``FileNotFoundError`` when the installation has none (a damaged one).
    """
    place = Path(__file__).with_name("_policies")
    if not place.is_dir():
        raise FileNotFoundError(f"the shipped policies are missing at {place}: install vienna-sidecar again")
    return place.resolve()


def counts(parts: Sequence[str]) -> bool:
    """Whether a file in a folder of policies is one of them, by the names from that folder down to the file.

    YAML counts. Cases, hidden files and whatever lies in a hidden folder or in one named ``templates`` do not: a
    template is in force only where it was named itself.
    """
    stem, dot, suffix = parts[-1].rpartition(".")
    return (
        bool(dot)
        and suffix in ("yaml", "yml")
        and not stem.endswith(CASES)
        and not any(part.startswith(".") for part in parts)
        and "templates" not in parts[:-1]
    )
