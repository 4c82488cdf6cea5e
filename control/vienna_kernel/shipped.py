"""Where the policy files that ship with the package lie. It names the place; it reads nothing.

In a wheel they are package data (``vienna_kernel/_policies``), in a checkout the folder ``policies/`` of the
repository: one source, never two copies.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def root() -> Path:
    """The folder that holds ``tiers.yaml``, ``starter.yaml`` and ``mappings/``.

    Errors: ``FileNotFoundError`` when the installation has none (a damaged one).
    """
    packaged = _PACKAGE / "_policies"
    checkout = _PACKAGE.parent.parent / "policies"
    for place in (packaged, checkout):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no shipped policies at {packaged} or {checkout}: install vienna-sidecar again")
