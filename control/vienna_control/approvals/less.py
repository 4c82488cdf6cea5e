"""That people agreed to less than was asked for: what the agent asked, and what it comes to now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from vienna_control import rows
from vienna_kernel.value import Value, pack, plain, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Less:
    """Parameters that were lowered, once or again and again.

    Attributes:
        asked: Digests of what it meant before, the agent's own first: whoever asks for one of these gets this instead.
        before: By parameter, as the agent asked for it; amounts in major units.
        after: The same, as it is now.
        sentence: What the agent asked for, for people.
    """

    asked: tuple[str, ...]
    before: Mapping[str, Value]
    after: Mapping[str, Value]
    sentence: str

    def told(self) -> list[dict[str, Any]]:
        """Each change for people: parameter, from, to; decimals as text."""
        return [
            {"parameter": name, "from": plain(self.before[name]), "to": plain(value)}
            for name, value in self.after.items()
        ]

    def dump(self) -> str:
        return rows.dump(
            {
                "asked": list(self.asked),
                "before": pack(self.before),
                "after": pack(self.after),
                "sentence": self.sentence,
            }
        )

    @classmethod
    def load(cls, text: str | None) -> Less | None:
        """Inverse of ``dump``; None for a request that was not narrowed."""
        data = rows.load(text)
        if data is None:
            return None
        before, after = (cast("Mapping[str, Value]", unpack(data[name])) for name in ("before", "after"))
        return cls(asked=tuple(data["asked"]), before=before, after=after, sentence=data["sentence"])
