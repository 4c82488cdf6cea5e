"""Files that proposals are made of and written to, and what is said about them."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vienna_cli.output import Code, Failure, Format, field
from vienna_cli.terminal import Terminal
from vienna_kernel import shipped
from vienna_kernel.propose.apidoc import MAX_BYTES
from vienna_kernel.propose.finish import Finished
from vienna_kernel.propose.proposal import Proposal

_GZIP = b"\x1f\x8b"

COUNTS = (field("effect"), field("tier"), field("actions"), field("first"))
SKIPPED = (field("not mapped", "operation"), field("where"), field("why"))


def read(name: str) -> tuple[bytes, str]:
    """A file, unpacked when it is a gzip file, and what it is called; ``-`` is standard input.

    Errors: ``Failure`` when it cannot be read, or holds more than 64 MiB.
    """
    shown = "standard input" if name == "-" else name
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else Path(name).read_bytes()
        if data.startswith(_GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Failure(f"cannot unpack {shown}: {error}") from None
    except OSError as error:
        raise Failure(f"cannot read {shown}: {error.strerror}", Code.USAGE) from None
    if len(data) > MAX_BYTES:
        raise Failure(f"{shown}: larger than {MAX_BYTES} bytes")
    return data, shown


def text(name: str) -> tuple[str, str]:
    """A file of text, as ``read``."""
    data, shown = read(name)
    try:
        return data.decode("utf-8-sig"), shown
    except UnicodeDecodeError as error:
        raise Failure(f"{shown}: not UTF-8 at byte {error.start}") from None


class Output:
    """A mapping file and its cases, to be written beside each other."""

    def __init__(self, mapping: Path, *, force: bool) -> None:
        """Errors: ``Failure`` before any work is done: another kind of file, or one that is there already."""
        if mapping.suffix not in (".yaml", ".yml"):
            raise Failure(f"{mapping}: a mapping file ends in .yaml (how to print is --format)", Code.USAGE)
        self.mapping = mapping
        self.cases = mapping.with_name(f"{mapping.stem}{shipped.CASES}{mapping.suffix}")
        there = [str(path) for path in (self.mapping, self.cases) if path.exists()]
        if there and not force:
            raise Failure(f"{' and '.join(there)}: there already; --force writes over it", Code.USAGE)

    def write(self, finished: Finished) -> None:
        """Errors: ``Failure`` when it cannot be written."""
        for path, content in ((self.mapping, finished.mapping), (self.cases, finished.cases)):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            except OSError as error:
                raise Failure(f"cannot write {path}: {error.strerror}") from None


def told(finished: Finished, output: Output | None, **more: Any) -> dict[str, Any]:
    """A proposal as data: what it holds, what it leaves out and why; its text where no file was written."""
    proposal = finished.proposal
    return {
        "id": proposal.id,
        "hosts": list(proposal.hosts),
        "actions": len(proposal.drafts),
        **more,
        "counts": counts(proposal),
        "skipped": [
            {"operation": one.operation, "where": one.where, "why": one.why} for one in proposal.skipped
        ],
        "mapping": str(output.mapping) if output else finished.mapping,
        "cases": str(output.cases) if output else finished.cases,
    }


def counts(proposal: Proposal) -> list[dict[str, Any]]:
    """How many actions of each effect and tier."""
    return [
        {"effect": effect, "tier": tier, "actions": number, "first": first}
        for effect, tier, number, first in proposal.table()
    ]


def show(
    terminal: Terminal, finished: Sequence[Finished], outputs: Sequence[Output | None], **more: Any
) -> None:
    """Prints proposals: as data, as a table of what was written, or the files themselves where none was."""
    printer = terminal.printer
    rows = [told(one, output, **more) for one, output in zip(finished, outputs, strict=True)]
    if printer.format is not Format.TABLE:
        printer.data(rows[0] if len(rows) == 1 and more else rows)
        return
    for number, (one, output, row) in enumerate(zip(finished, outputs, rows, strict=True)):
        if output is None:
            sys.stdout.write("---\n" * bool(number) + one.mapping)
            _say(terminal, row)
            continue
        printer.rows(row["counts"], COUNTS, key="effect")
        if row["skipped"]:
            printer.line("")
            printer.rows(row["skipped"], SKIPPED, key="operation")
        printer.say(
            f"{output.mapping}: {row['actions']} actions, each a guess to be reviewed; {output.cases}"
        )


def _say(terminal: Terminal, row: dict[str, Any]) -> None:
    """What stands in a file that was printed, said beside it."""
    for count in row["counts"]:
        terminal.printer.say(
            f"{count['actions']:5} {count['effect']} {count['tier']}, such as {count['first']}"
        )
    for one in row["skipped"]:
        terminal.printer.say(f"not mapped: {one['operation']} ({one['where']}): {one['why']}")
