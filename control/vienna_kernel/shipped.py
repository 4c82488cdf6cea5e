"""Where the policy files that ship with the package lie. It names the place; it reads nothing.

They are package data: in a checkout ``vienna_kernel/_policies`` is a link to the folder ``policies/`` of the
repository, in a wheel it is that folder itself. One source, never two copies.
"""

from __future__ import annotations

from pathlib import Path


def root() -> Path:
    """The folder that holds ``tiers.yaml``, ``starter.yaml`` and ``mappings/``.

    Errors: ``FileNotFoundError`` when the installation has none (a damaged one).
    """
    place = Path(__file__).with_name("_policies")
    if not place.is_dir():
        raise FileNotFoundError(f"the shipped policies are missing at {place}: install vienna-sidecar again")
    return place.resolve()
