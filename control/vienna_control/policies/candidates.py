"""A bundle that is not in force: what a tenant has, with some of it exchanged, to be tried on recorded traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from vienna_control.policies import files
from vienna_control.policies.bundle import Bundle, compile_bundle
from vienna_control.policies.current import Policies
from vienna_control.policies.stored import Contents
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.ruleset import Default
from vienna_kernel.value import unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What is other than in force.

    Attributes:
        files: Name and text of documents of kind Rules or Tiers, in the place of all such files; empty: as they are.
        rules: Rules in the stored shape; each takes the place of the one of its id, in a file too, or is new.
        remove: Ids of rules to leave out, of files too.
        default: None: as it is.
    """

    files: Sequence[tuple[str, str]] = ()
    rules: Sequence[Mapping[str, Any]] = field(default=())
    remove: frozenset[str] = frozenset()
    default: Default | None = None


def build(policies: Policies, conn: Connection, tenant: str, exchange: Exchange) -> Bundle:
    """Compile it. Raises ``MalformedError`` naming a rule that is not there, or as ``compile_bundle``."""
    sources, kept = policies.sources, Contents.of(conn, tenant)
    if exchange.files:
        sources = _exchanged(sources, exchange.files)
    given = {str(rule["id"]): rule for rule in exchange.rules}
    known = {_id(rule) for page in sources.rules for rule in page.data["rules"]} | set(kept.rules)
    if missing := sorted(exchange.remove - known):
        raise MalformedError("/remove", f"there is no rule {missing[0]!r}")
    taken: set[str] = set()
    pages = tuple(_page(page, given, exchange, taken) for page in sources.rules)
    rules = {name: rule for name, rule in kept.rules.items() if name not in exchange.remove}
    rules |= {name: rule for name, rule in given.items() if name not in taken}
    return compile_bundle(
        replace(sources, rules=pages),
        contents=replace(kept, rules=rules),
        default=exchange.default or policies.default,
    )


def _exchanged(sources: files.Sources, texts: Sequence[tuple[str, str]]) -> files.Sources:
    rules, tiers = [], sources.tiers
    for name, text in texts:
        document = parse(text, name=name)
        kind = document.data.get("kind") if isinstance(document.data, dict) else None
        if kind == "Tiers":
            tiers = document
        elif kind == "Rules" and isinstance(document.data.get("rules"), list):
            rules.append(document)
        else:
            raise MalformedError(document.where(("kind",)), "expected a document of kind Rules or Tiers")
    return replace(sources, rules=tuple(rules) or sources.rules, tiers=tiers)


def _id(rule: Any) -> str:
    """Empty of what is no rule: it is complained of when it is compiled."""
    return str(rule.get("id", "")) if isinstance(rule, Mapping) else ""


def _page(
    page: Document, given: Mapping[str, Mapping[str, Any]], exchange: Exchange, taken: set[str]
) -> Document:
    """A page with its rules exchanged in their places, so that complaints still name the line."""
    rules = []
    for rule in page.data["rules"]:
        name = _id(rule)
        if name in given:
            taken.add(name)
            rules.append(unpack(dict(given[name])))
        else:
            rules.append({**rule, "enabled": False} if name in exchange.remove else rule)
    default = {"default": exchange.default} if exchange.default else {}
    return replace(page, data={**page.data, "rules": rules, **default})
