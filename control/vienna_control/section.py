"""What every section of the settings is made of: frozen, and without unknown keys."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of vienna.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def based(self, base: Path, *names: str) -> dict[str, Path]:
        """The paths of these fields, as far as they are set, taken from ``base``."""
        return {name: base / path for name in names if (path := getattr(self, name)) is not None}
