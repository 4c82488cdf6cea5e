"""SQL: every text has a class; what is understood is understood again without its comments; no call goes unseen."""

from __future__ import annotations

import re

from fuzz import law
from vienna_kernel.protocol.sql_statement import GRAVITY, statements
from vienna_kernel.protocol.sql_text import DIALECTS, scan, shown, split, written

_NAMES = sorted(DIALECTS)
# A word that is no function of any dialect, put before a bracket.
_STRANGER = re.compile(r"\bzz[a-z]*\s*\(")
_ALIAS = re.compile(r"\bAS\s+zz[a-z]*\s*\(|\bzz[a-z]*\s*\([\w\s,\"`]*\)\s*AS\b", re.IGNORECASE)

SEEDS = (
    b"\x02SELECT a, sumIf(b, c > 1), zz(1) FROM db.t AS t FINAL ARRAY JOIN d WHERE e IN (SELECT 1) FORMAT JSON",
    b"\x06WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x JOIN LATERAL (SELECT 'a;b') y ON true; DROP TABLE z",
    b'\x01SELECT ARRAY_AGG(a ORDER BY b), STRUCT(1) FROM `p.d.t`, UNNEST(c) -- x\nWHERE TRUE OR a = "b\\"c"',
    b"\x08SELECT a:b::string FROM t, LATERAL FLATTEN(input => c) QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1",
    b"\x06MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
    b"\x02ALTER TABLE t UPDATE a = 1 WHERE b = 2 /* c */",
    b"\x05INSERT INTO t (a, b) VALUES (1, 'it''s') ON DUPLICATE KEY UPDATE a = 2",
    b"\x06SELECT 1 /* a /* b */ */",
)


def one_input(data: bytes) -> None:
    if not data:
        return
    dialect = DIALECTS[_NAMES[data[0] % len(_NAMES)]]
    text = data[1:].decode("utf-8", "replace")
    found = statements(text, dialect)
    law(len(found) > 0 and all(told.does in GRAVITY for told in found), "there is a class")
    pieces = split(scan(text, dialect) or [])
    if not pieces:
        law([told.does for told in found] == ["unknown"], "what is doubtful, or nothing, is unknown")
        return
    for told, one in zip(found, pieces, strict=True):
        plain = written(one, dialect)
        again = statements(plain, dialect)
        law([row.does for row in again] == [told.does], "comments change nothing")
        law(told.text == shown(one, dialect), "people see the statement")
        if told.does == "select" and _STRANGER.search(told.text):
            law(_ALIAS.search(told.text) is not None, "no call goes unseen")
