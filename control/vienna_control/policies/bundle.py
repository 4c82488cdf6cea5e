"""One compiled policy: rules, tiers, mappings and action types that belong together and are swapped as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vienna_control.policies.files import Sources
from vienna_control.policies.stored import Contents
from vienna_control.policies.types import of_content
from vienna_kernel.action import ActionType
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.kept import compiled
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.policy.ruleset import Default, RuleSet
from vienna_kernel.value import Value, digest, unpack

MOST = {"rules": 1000, "mappings": 100, "action_types": 1000}
"""What a tenant may keep by API."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What is in force.

    Attributes:
        action_types: Every known action: those of the mappings and those registered by API.
        handlers: Action name to what runs it in mode direct.
        texts: Mapping id to its file, for the gates.
        policy_digest: ``sha256:<hex>`` over rules and tiers.
        types_digest: ``sha256:<hex>`` over the action types registered by API; the others follow from the mappings.
        version: Grows by one with every swap, across restarts.
    """

    rules: RuleSet
    tiers: TierTable
    mappings: MappingSet
    action_types: Mapping[str, ActionType]
    handlers: Mapping[str, str]
    texts: tuple[tuple[str, str], ...]
    policy_digest: str
    types_digest: str
    version: int = 0

    @property
    def mapping_digest(self) -> str:
        """``sha256:<hex>`` over the mappings."""
        return self.mappings.digest

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` over all of it but the version."""
        return digest([self.policy_digest, self.mapping_digest, self.types_digest])


def compile_bundle(sources: Sources, *, contents: Contents, default: Default) -> Bundle:
    """Compile everything or nothing.

    ``contents``: what one tenant keeps by API. ``default``: what happens when no rule matches and no document names
    a default. Raises ``MalformedError`` or ``DocumentError`` naming file, line, column and field.
    """
    _bounded(contents)
    named = zip(sources.mappings, sources.texts, strict=True)
    files = [(document.name, text) for document, (_, text) in named]
    if taken := sorted(set(contents.mappings) & {name for name, _ in sources.texts}):
        raise MalformedError(f"mapping {taken[0]}", "stands in a file and is kept by API; remove one")
    own = [(f"mapping {name}", str(data["text"])) for name, data in contents.mappings.items()]
    mappings = compiled((*files, *own))
    registered = {name: of_content(name, data) for name, data in contents.types.items()}
    clash = sorted(set(registered) & set(mappings.action_types))
    if clash:
        raise MalformedError(
            f"action type {clash[0]}", "is registered by API and declared by a mapping; remove one"
        )
    types = {**mappings.action_types, **registered}
    moved = folded(sources, contents)
    stored = [rule for name, rule in contents.rules.items() if name not in moved]
    rules = RuleSet.compile(sources.rules, stored=stored, action_types=types, default=default)
    tiers = TierTable.from_document(sources.tiers)
    texts = tuple((name, str(data["text"])) for name, data in contents.mappings.items())
    return Bundle(
        rules=rules,
        tiers=tiers,
        mappings=mappings,
        action_types=types,
        handlers={name: data["handler"] for name, data in contents.types.items() if data["handler"]},
        texts=(*sources.texts, *texts),
        policy_digest=digest([rules.digest, tiers.digest]),
        types_digest=digest([[name, _exact(kind.schema)] for name, kind in sorted(registered.items())]),
    )


def _bounded(contents: Contents) -> None:
    """Raises ``MalformedError`` for more than one tenant may keep: all of it is compiled where all tenants wait."""
    for what, kept in (
        ("rules", contents.rules),
        ("mappings", contents.mappings),
        ("action_types", contents.types),
    ):
        if len(kept) > MOST[what]:
            raise MalformedError(f"/{what}", f"at most {MOST[what]} are kept by API; the folder holds more")


def folded(sources: Sources, contents: Contents) -> frozenset[str]:
    """Ids of rules kept by API that lie word for word in a file: the file's is the one that counts."""
    written = {
        str(rule.get("id")): rule
        for page in sources.rules
        for rule in (page.data.get("rules") or () if contents.rules else ())
        if isinstance(rule, Mapping)
    }
    return frozenset(name for name, rule in contents.rules.items() if written.get(name) == unpack(dict(rule)))


def _exact(schema: Any) -> Value:
    """A JSON Schema as a value: its floats, if any, as text."""
    if isinstance(schema, float):
        return repr(schema)
    if isinstance(schema, Mapping):
        return {str(key): _exact(item) for key, item in schema.items()}
    if isinstance(schema, list | tuple):
        return [_exact(item) for item in schema]
    return schema  # type: ignore[no-any-return]  # JSON leaves are values
