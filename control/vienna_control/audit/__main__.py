"""``python -m vienna_control.audit DATABASE``: verify a trail offline, without a control plane.

Exit code 0: it holds; 5: it does not; 1: it could not be read. One JSON object on standard output.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from vienna_control.audit.export import verify_export
from vienna_control.audit.trail import Report, verify_store
from vienna_control.audit.witness import split_notes
from vienna_control.ports import UnavailableError
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m vienna_control.audit", description="Verify a trail offline."
    )
    parser.add_argument("source", type=Path, help="SQLite database, or an export (.ndjson)")
    parser.add_argument(
        "--key", type=Path, help="JWK or JWKS with the log's public key; else the database's own word"
    )
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="notes that were kept elsewhere"
    )
    options = parser.parse_args(argv)
    try:
        report = _report(options)
    except (UnavailableError, MalformedError, OSError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        print(orjson.dumps({"valid": False, "error": str(error)}).decode())
        return 1
    print(orjson.dumps(report.to_json() | {"key_from": "file" if options.key else "database"}).decode())
    return 0 if report.valid else 5


def _report(options: argparse.Namespace) -> Report:
    witnessed = [
        note for path in options.checkpoint for note in split_notes(path.read_text(encoding="utf-8"))
    ]
    key = _key(orjson.loads(options.key.read_bytes()) if options.key else _stored_key(options.source))
    if options.source.suffix == ".ndjson":
        return verify_export(options.source, key, witnessed=witnessed)
    return verify_store(options.source, key, witnessed=witnessed)


def _key(data: Any) -> VerifyingKey:
    if not isinstance(data, dict):
        raise MalformedError("key", "expected a JWK or a JWKS")
    if "keys" not in data:
        return VerifyingKey.from_jwk(data, purpose=Purpose.LOG)
    ring = Keyring.from_jwks(data).keys()
    if found := [key for key in ring if key.purpose is Purpose.LOG]:
        return found[0]
    raise MalformedError("key", "the key set holds no key with the purpose 'log'")


def _stored_key(path: Path) -> Any:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
            row = raw.execute(
                "SELECT public FROM keys WHERE purpose = 'log' ORDER BY created_at LIMIT 1"
            ).fetchone()
    except sqlite3.Error as error:
        raise UnavailableError("audit", f"cannot read {path}: {error}") from None
    if row is None:
        raise MalformedError("key", "the database holds no log key; give one with --key")
    return orjson.loads(row[0])


if __name__ == "__main__":
    sys.exit(main())
