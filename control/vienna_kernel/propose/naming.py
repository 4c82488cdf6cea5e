"""Names of actions, verb first: ``issues/list-comments`` is ``list_issue_comments``.

From the operation's id; without one from its title, where that starts with a verb and is short; else from method and
path. Names are given over the whole document, in its order, so that leaving operations out renames none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count

from vienna_kernel.propose.listing import Listed
from vienna_kernel.propose.words import is_plural, singular, words

type Words = tuple[str, ...]

STRONG = frozenset(
    "accept activate add append apply approve archive attach authorize ban block cancel capture close"
    " compare complete confirm connect convert copy create deactivate decline delete deliver deny deploy"
    " describe destroy detach disable disconnect dismiss dispatch download duplicate edit enable end erase"
    " execute fetch find finish follow forward generate get grant hide import insert install invalidate"
    " invite join kick leave list lock lookup mark merge migrate modify move mute notify open patch pause"
    " pay pin poll promote provision publish purge put query reactivate read rebuild redeliver refresh"
    " refund regenerate reject release reload remove rename reopen reorder replace reprioritize request"
    " rerun resend reset resolve restart restore restrict resume retrieve retry revert revoke rollback"
    " rotate save schedule search send set show shutdown sign skip snooze start stop submit subscribe"
    " suspend swap switch sync terminate toggle transfer translate trigger unarchive unassign unban"
    " unblock unfollow uninstall unlink unlock unmute unpin unpublish unshare unstar unsubscribe unsuspend"
    " update upgrade upload upsert validate verify void withdraw write".split()
)
"""Words that are verbs wherever they stand in a name."""

WEAK = frozenset(
    "assign build call charge check comment count email estimate export invoke mail message post preview push"
    " rate reboot reply run scale share star test tag track upload watch".split()
)
"""Words that are as often nouns: verbs at the start or the end of a name."""

_OF_METHOD = {
    "GET": "get",
    "HEAD": "check",
    "OPTIONS": "describe",
    "POST": "create",
    "PUT": "replace",
    "PATCH": "update",
    "DELETE": "delete",
}
_METHOD_AND_PATH = re.compile(r"(?:GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE)[_-]")
_ASKED_BY_GET = frozenset("count download export list lookup query search".split())
_HOW_MANY = frozenset({"batch", "bulk", "mass"})
_LINKS = frozenset("a an and as at by for from in into is of on or per the to via with".split())
_ARTICLES = frozenset({"a", "an", "the"})
_NO_NEWS = frozenset({"api", "rest", "method", "json", "xml"})
_MAX_CHARS = 80
_MAX_TITLE_WORDS = 6
_RUN_TOGETHER = 18  # longer than any word: several without a boundary between them


def names(listed: Sequence[Listed], *, taken: Iterable[str] = (), space: str = "") -> list[str]:
    """A name for each, all different. ``taken``: names of other mappings, which get ``space`` after their verb."""
    others, used = frozenset(taken), set[str]()
    found = []
    for one in listed:
        base = "_".join(words_of(one))
        if base in others:
            verb, _, rest = base.partition("_")
            base = _cut("_".join(part for part in (verb, space, rest) if part))
        told = base
        if told in used:
            told = _cut(f"{base}_{'_'.join(_tail(one))}")
        for number in count(2):
            if told not in used and (told not in others or told == base):
                break
            told = _cut(f"{base}_{number}")
        used.add(told)
        found.append(told)
    return found


def words_of(one: Listed) -> Words:
    """The words of a name, verb first; at least two."""
    for told in (_by_id(one), _by_title(one), _by_path(one)):
        if told:
            return _within(tuple(word for word in told if word))
    return (_OF_METHOD.get(one.method, one.method.lower()), "root")


def _within(told: Words) -> Words:
    """As many words as a name may have."""
    while len("_".join(told)) > _MAX_CHARS and len(told) > 1:
        told = told[:-1]
    return tuple(word[:_MAX_CHARS] for word in told)


def _cut(name: str) -> str:
    return name[:95].rstrip("_")


def _by_id(one: Listed) -> Words:
    told = one.operation_id
    if _METHOD_AND_PATH.match(told):
        return ()
    made_of_path = "_" + re.sub(r"[^A-Za-z0-9]", "_", one.path).lstrip("_") + "_" + one.method.lower()
    space, slash, rest = told.removesuffix(made_of_path).partition("/")
    chunks = [words(chunk) for chunk in re.split(r"[^A-Za-z0-9-]+", rest if slash else space)]
    chunks = [tuple(word for word in chunk if word not in _ARTICLES) for chunk in chunks]
    chunks = [chunk for chunk in chunks if chunk]
    if len(chunks) == 1 and chunks[0][-1] == "method":
        chunks = [chunks[0][:-1]]
    return _arranged(one, words(space) if slash else (), [chunk for chunk in chunks if chunk])


def _arranged(one: Listed, space: Words, chunks: Sequence[Words]) -> Words:
    """``space``: what the name says first for where it belongs, ``issues``. Verb, then one of those, then the rest."""
    told = tuple(word for chunk in chunks for word in chunk)
    if not told or (not space and told == (one.method.lower(),)) or max(map(len, told)) > _RUN_TOGETHER:
        return ()
    at = _verb_at(chunks)
    if at is None and space and space[0] in STRONG:
        return (space[0], *space[1:], *told)
    if at is None:
        return _noun_phrase((_of_method(one, told),), (*space, *told[:-1]), told[-1:])
    verb, before, rest = told[at : at + 1], told[:at], told[at + 1 :]
    if rest[:1] in (("or",), ("and",)) and rest[1:2] and rest[1] in STRONG:
        verb, rest = (*verb, *rest[:2]), rest[2:]
    if before and before[-1] in _HOW_MANY:
        before, rest = before[:-1], (before[-1], *rest)
    return _noun_phrase(verb, (*space, *before), rest)


def _verb_at(chunks: Sequence[Words]) -> int | None:
    """Which word is the verb: the first; else the one that starts the last part; else the very last."""
    told = [word for chunk in chunks for word in chunk]
    starts, at = [], 0
    for chunk in chunks:
        starts.append(at + (len(chunk) > 1 and chunk[0] in _HOW_MANY))
        at += len(chunk)
    if told[0] in STRONG:
        return 0
    strong = [start for start in starts if told[start] in STRONG]
    if strong:
        return strong[-1]
    if told[0] in WEAK and len(told) > 1:
        return 0
    if told[starts[-1]] in WEAK:
        return starts[-1]
    return len(told) - 1 if told[-1] in STRONG else None


def _noun_phrase(verb: Words, space: Words, rest: Words) -> Words:
    several = verb[0] in ("list", "search") and (not rest or rest[0] in _LINKS)
    known = {singular(word) for word in rest}
    space = tuple(word for word in space if singular(word) not in known)
    head = tuple(singular(word) for word in space[:-1])
    last = space[-1:] if several else tuple(singular(word) for word in space[-1:])
    return (*verb, *head, *last, *rest)


def _of_method(one: Listed, told: Words) -> str:
    verb = _OF_METHOD.get(one.method, one.method.lower())
    ends_in_variable = one.path.rstrip("/").endswith("}")
    return "list" if verb == "get" and not ends_in_variable and told and is_plural(told[-1]) else verb


def _by_title(one: Listed) -> Words:
    told = tuple(word for word in words(one.title) if word not in _ARTICLES)
    short = 1 < len(told) <= _MAX_TITLE_WORDS
    return told if short and (told[0] in STRONG or told[0] in WEAK) else ()


def _by_path(one: Listed) -> Words:
    """``POST /v1/tickets/{id}/close`` is ``close_ticket``."""
    pieces = [piece for piece in one.path.split("/") if piece]
    literals = [(i, words(piece)) for i, piece in enumerate(pieces) if not piece.startswith("{")]
    told = [(i, part) for i, part in literals if part and not set(part) <= _NO_NEWS and not _is_version(part)]
    if not told:
        return ()
    last, final = told[-1]
    before = [word for i, part in told[:-1] for word in part]
    if one.method == "POST" and _verb_at([final]) == 0 and (before or len(final) > 1):
        return (final[0], *(singular(word) for word in before), *final[1:])
    if one.method == "GET" and final[0] in _ASKED_BY_GET and before:
        return (final[0], *(singular(word) for word in before[:-1]), before[-1], *final[1:])
    item = last < len(pieces) - 1 or one.method == "POST"
    nouns = (*(singular(word) for word in before), *(map(singular, final) if item else final))
    return (_of_method(one, final), *nouns)


def _is_version(part: Words) -> bool:
    return all(word.isdigit() or (word[0] == "v" and word[1:].isdigit()) for word in part)


def _tail(one: Listed) -> Words:
    """What tells an operation from another of the same name: the last variable of its path, or its words."""
    variables = [words(piece) for piece in one.path.split("{")[1:]]
    if variables and variables[-1]:
        return ("by", *variables[-1])
    return (one.method.lower(), *words(one.path)[-3:])
