"""The roster of approvers as this gate believes it: from the one it pins, by signed steps, never back.

The control plane hands on every version; it can leave some out, and so keep a gate behind, and nothing else. The newest
version that was seen is kept in the state folder, so that a restart does not forget it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import structlog

from vienna_kernel.consent.chain import Signed, parse_signed, walk
from vienna_kernel.consent.roster import Roster
from vienna_kernel.errors import MalformedError
from vienna_kernel.signing import strict_object
from vienna_kernel.verdict import Refused
from vienna_proxy.evidence import durable
from vienna_proxy.ports import StartError

_MOST_BYTES = 16 * 1024 * 1024

log = structlog.get_logger()


def read_pin(path: Path) -> Roster:
    """The roster of a file that ``vienna roster export`` wrote. Raises ``StartError``."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise StartError(f"gate.consent.roster: {path} is too large")
        return parse_signed(strict_object(path.read_bytes(), "roster")).roster
    except OSError as error:
        raise StartError(f"gate.consent.roster: cannot read {path}: {error.strerror}") from None
    except MalformedError as error:
        raise StartError(f"gate.consent.roster: {path} is no roster: {error}") from None


class Rosters:
    """The newest roster that follows from the pinned one.

    Attributes:
        current: What consent is held against.
    """

    def __init__(self, pin: Roster, kept: Path) -> None:
        """``kept``: the file of what was seen before. Raises ``StartError`` when that follows from another pin."""
        self.current = pin
        self._kept = kept
        if kept.exists():
            self._recall()

    def _recall(self) -> None:
        try:
            chain = _chain(strict_object(self._kept.read_bytes(), "roster")["chain"])
        except (OSError, MalformedError, KeyError) as error:
            raise StartError(f"cannot read {self._kept}: {type(error).__name__}") from None
        if chain and chain[-1].roster.version < self.current.version:
            return  # a newer one was pinned
        found = walk(self.current, chain)
        if isinstance(found, Refused):
            raise StartError(
                f"{self._kept} holds rosters that do not follow from the pinned one ({found.detail});"
                " if you begin anew on purpose, remove that file"
            )
        self.current = found

    def follow(self, rows: Sequence[Any]) -> Refused | None:
        """Take the chain that the control plane hands on; None when it follows. What was believed stays if not.

        Raises ``MalformedError`` for rows that are no signed rosters; ``OSError`` when the newest cannot be kept.
        """
        chain = _chain(rows)
        found = walk(self.current, chain) if chain else self.current
        if isinstance(found, Refused):
            return found
        if found != self.current:
            durable.replace(self._kept, orjson.dumps({"chain": list(rows)}))
            self.current = found
            log.info("roster.followed", version=found.version, digest=found.digest, keys=len(found.members))
        return None


def _chain(rows: Any) -> list[Signed]:
    if not isinstance(rows, list | tuple):
        raise MalformedError("rosters", "expected a list")
    return [parse_signed(row) for row in rows]
