"""The text of SQL as words, quoted names, literals and marks: one reading for a dialect, or a doubt.

1. This is not the grammar (``sql_query``); it decides what is text and what is a literal or a comment, since a server
   that ends a literal elsewhere runs another statement. Where conventions differ the text is doubtful, and a doubtful
   statement is of no known class.
2. Doubtful: bytes outside ASCII or control bytes outside literals, a comment within a comment or one that some server
   runs (``/*! … */``), a backslash before a quote where the dialect has no escapes, dollar quotes, triple quotes, what
   is not closed.
3. What goes on from here has no comments, one blank where there was space, and harmless literals: equal ones stay
   equal. Neither the grammar nor people see what stood in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

type Kind = Literal["word", "name", "text", "number", "mark"]

MAX_CHARS = 100_000
MAX_TOKENS = 10_000
MAX_NESTING = 64
MAX_SHOWN_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a dialect tells literals and comments from the rest.

    Attributes:
        grammar: Its name in sqlglot.
        escapes: A backslash in a literal takes the next character for what it is.
        double: What stands in double quotes: a name or a text.
        backtick: Names may stand in backticks.
        comment: Pattern of a comment that ends with its line.
        doubt: Pattern of marks that could begin something which is not read here.
    """

    grammar: str
    escapes: bool = False
    double: Literal["name", "text"] = "name"
    backtick: bool = False
    comment: str = r"--[^\n]*+"
    doubt: str = r"/\*|//|\|>|[\\$\#]"


_MYSQL_COMMENT = r"--(?=[ \t\r\n]|\Z)[^\n]*+|\#[^\n]*+"

DIALECTS = {
    "clickhouse": Dialect(grammar="clickhouse", escapes=True, backtick=True),
    "bigquery": Dialect(
        grammar="bigquery", escapes=True, double="text", backtick=True, comment=r"--[^\n]*+|\#[^\n]*+"
    ),
    "snowflake": Dialect(grammar="snowflake", escapes=True, doubt=r"/\*|//|->>|[\\$\#]"),
    "databricks": Dialect(grammar="databricks", escapes=True, double="text", backtick=True),
    "spark": Dialect(grammar="spark", escapes=True, double="text", backtick=True),
    "postgres": Dialect(grammar="postgres", doubt=r"/\*|//|\{\#|[\\$]"),
    "redshift": Dialect(grammar="redshift"),
    "mysql": Dialect(grammar="mysql", escapes=True, double="text", backtick=True, comment=_MYSQL_COMMENT),
    "sqlite": Dialect(grammar="sqlite", doubt=r"/\*|//|[\\$\#\[]"),
    "duckdb": Dialect(grammar="duckdb"),
    "trino": Dialect(grammar="trino"),
    "athena": Dialect(grammar="athena"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text.

    Attributes:
        text: As it stands there; a name without its quotes, a literal harmless.
        spaced: Space or a comment stood before it.
    """

    kind: Kind
    text: str
    spaced: bool

    @property
    def word(self) -> str:
        """Upper-case, empty for all but words."""
        return self.text.upper() if self.kind == "word" else ""


type Tokens = Sequence[Token]

_SAFE_NAME = re.compile(r"[A-Za-z0-9_ .:$-]{1,256}\Z")
_SAFE_TEXT = re.compile(r"[A-Za-z0-9_ %.:/-]{0,64}\Z")
_ODD_BACKSLASHES = re.compile(r"(?<!\\)(?:\\\\)*\\['\"]")


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    inner = r"[^{q}\\]|\\.|{q}{q}" if dialect.escapes else r"[^{q}]|{q}{q}"
    single = "'(?:" + inner.format(q="'") + ")*+'"
    double = '"(?:' + inner.format(q='"') + ')*+"' if dialect.double == "text" else r'"[^"\\]++"'
    rows = {
        "space": r"[ \t\r\n]++",
        "comment": dialect.comment + r"|/\*.*?\*/",
        "text": single + (f"|{double}" if dialect.double == "text" else ""),
        "name": (double if dialect.double == "name" else "(?!)")
        + (r"|`[^`\\]++`" if dialect.backtick else ""),
        "number": r"(?:0[xX][0-9A-Fa-f]++|[0-9]++(?:\.[0-9]*+)?(?:[eE][+-]?[0-9]++)?)(?![A-Za-z0-9_])",
        "word": r"[A-Za-z0-9_]++|\$[0-9]{1,5}(?![A-Za-z0-9_$])",
        "mark": rf"(?!{dialect.doubt})[!#-&(-/:-@\[\]^{{-~]",
    }
    return re.compile("|".join(f"(?P<{name}>{row})" for name, row in rows.items()), re.DOTALL)


def _pieces(text: str, dialect: Dialect) -> Iterator[tuple[str, str, bool]]:
    """Kind, text, and whether space stood before it; ends with the kind ``doubt`` where a text has no reading."""
    pattern, at, spaced = _pattern(dialect), 0, False
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            yield "doubt", "", spaced
            return
        kind, piece, at = str(match.lastgroup), match[0], match.end()
        if kind == "comment" and _is_odd_comment(piece):
            kind = "doubt"
        if kind not in ("space", "comment"):
            yield kind, piece, spaced
        spaced = kind in ("space", "comment")


def _is_odd_comment(text: str) -> bool:
    if text.startswith("/*"):
        return "/*" in text[2:] or text.startswith(("/*!", "/*M!"))
    return "\r" in text.removesuffix("\r")  # PostgreSQL ends a comment there, others read on


def _is_odd_literal(text: str, before: Token | None, dialect: Dialect) -> bool:
    """Whether some server ends a literal elsewhere."""
    if before is not None and before.kind == "word" and "\\" in text:
        return True  # E'…', r'…': the prefix decides what a backslash is
    if dialect.grammar == "bigquery" and text[0] * 3 in text:
        return True
    return not dialect.escapes and _ODD_BACKSLASHES.search(text) is not None


def _harmless(text: str, seen: dict[str, str]) -> str:
    """A literal that no grammar trips over; the same one for the same text."""
    inner = text[1:-1]
    if not _SAFE_TEXT.match(inner):
        inner = seen.setdefault(inner, f"text {len(seen)}")
    return f"'{inner}'"


def scan(text: str, dialect: Dialect) -> list[Token] | None:
    """The pieces of a text; None when it is doubtful, or more than is read here."""
    if len(text) > MAX_CHARS:
        return None
    found: list[Token] = []
    seen: dict[str, str] = {}
    nesting = 0
    for kind, piece, spaced in _pieces(text, dialect):
        before = found[-1] if found and not spaced else None
        if kind == "doubt" or len(found) >= MAX_TOKENS:
            return None
        if kind in ("text", "name"):
            if before is not None and before.kind in ("text", "name"):
                return None  # a doubled quote, which some take for one
            if kind == "text" and _is_odd_literal(piece, before, dialect):
                return None
            if kind == "name" and not _SAFE_NAME.match(piece[1:-1]):
                return None
            piece = _harmless(piece, seen) if kind == "text" else piece[1:-1]
        elif kind == "mark":
            nesting += (piece in "([{") - (piece in ")]}")
            if not 0 <= nesting <= MAX_NESTING or (nesting and piece == ";"):
                return None
        found.append(Token(kind, piece, spaced))  # type: ignore[arg-type]  # the other kinds of piece are gone
    return found if nesting == 0 else None


def split(tokens: Tokens) -> list[list[Token]]:
    """Statements, the empty ones left out."""
    found: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "mark" and token.text == ";":
            found.append([])
        else:
            found[-1].append(token)
    return [statement for statement in found if statement]


def written(tokens: Tokens, dialect: Dialect) -> str:
    """A statement for the grammar."""
    quote = "`" if dialect.backtick else '"'
    found: list[str] = []
    for i, token in enumerate(tokens):
        minus = token.text == "-" and i > 0 and tokens[i - 1].text == "-"  # to sqlglot two begin a comment
        text = f"{quote}{token.text}{quote}" if token.kind == "name" else token.text
        found.append(f" {text}" if (token.spaced or minus) and i else text)
    return "".join(found)


def shown(tokens: Tokens, dialect: Dialect) -> str:
    """A statement for people, every literal a ``?``."""
    hidden = [
        Token("mark", "?", token.spaced) if token.kind in ("text", "number") else token for token in tokens
    ]
    text = written(hidden, dialect)
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"
