"""A mapping proposed from the description of an API, made in a process of its own (``apart``)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from vienna_control import apart
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import apidoc
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.importer import Importer, Wanted

MAX_BYTES = 4 * 1024 * 1024
_SECONDS = 60
_MEMORY_BYTES = 1536 * 1024 * 1024
_ANSWER_BYTES = 16 * 1024 * 1024
_AT_ONCE = asyncio.Semaphore(2)


class BusyError(Exception):
    """As many descriptions are read as may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which part of a description; as ``importer.Wanted``."""

    name: str = "document"
    only: Sequence[str] = ()
    tags: Sequence[str] = ()
    methods: Sequence[str] = ()
    id: str = ""
    host: str = ""


async def propose(description: bytes, asked: Asked) -> dict[str, Any]:
    """``{"id", "hosts", "mapping", "cases", "actions", "skipped"}``: two files that load, and what is not in them.

    Raises ``MalformedError`` for what is no description, ``apart.TooMuchError``, ``BusyError``.
    """
    if _AT_ONCE.locked():
        raise BusyError
    async with _AT_ONCE:
        given = orjson.dumps(asdict(asked)) + b"\n" + description
        told = orjson.loads(await apart.worked(__name__, given, seconds=_SECONDS, most_bytes=_ANSWER_BYTES))
    if "wrong" in told:
        raise MalformedError(told["where"], told["wrong"])
    found: dict[str, Any] = told
    return found


def made(given: bytes) -> dict[str, Any]:
    """What the process answers: a line of ``Asked``, then the description."""
    line, _, description = given.partition(b"\n")
    asked = Asked(**orjson.loads(line))
    wanted = Wanted(
        only=tuple(asked.only),
        tags=tuple(asked.tags),
        methods=tuple(asked.methods),
        id=asked.id,
        host=asked.host,
    )
    try:
        importer = Importer(apidoc.parse(description, name=asked.name), wanted)
        for _ in importer.steps():
            pass
        return _told(finish(importer.proposal()))
    except MalformedError as error:
        return {"where": error.where, "wrong": error.why}


def _told(finished: Finished) -> dict[str, Any]:
    proposal = finished.proposal
    return {
        "id": proposal.id,
        "hosts": list(proposal.hosts),
        "mapping": finished.mapping,
        "cases": finished.cases,
        "actions": [draft.name for draft in proposal.drafts],
        "skipped": [
            {"operation": one.operation, "where": one.where, "why": one.why} for one in proposal.skipped
        ],
    }


def main() -> None:
    """Read standard input, write the answer."""
    apart.confine(seconds=_SECONDS, memory_bytes=_MEMORY_BYTES)
    sys.stdout.buffer.write(orjson.dumps(made(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
