"""The folder as the source: what lies in it, what is kept by API beside it, and how the second gets into the first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vienna_control.policies import files
from vienna_control.policies.bundle import Bundle, folded
from vienna_control.policies.current import COMMON, Policies
from vienna_control.policies.stored import Contents
from vienna_control.policies.text import dumped
from vienna_kernel.document import Document
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.lint import lint
from vienna_kernel.value import digest, unpack

_HIDDEN = ("never_decides", "never_denies", "hidden_deny")


def seen(policies: Policies, contents: Contents, tenant: str) -> dict[str, Any]:
    """Files with their digests, whether those on disk are in force, and what is kept by API beside them.

    Looks at the disk: not for the event loop.
    """
    bundle, sources = policies.of(tenant), policies.sources
    documents = [*sources.rules, sources.tiers, *sources.mappings]
    return {
        "places": [str(place) for place in policies.places],
        "files": [_file(document) for document in documents],
        "digest": bundle.digest,
        "version": bundle.version,
        "loaded_at": policies.loaded.at,
        "problem": policies.problem or None,
        "changed_on_disk": _stamp(policies) != policies.loaded.stamp,
        "drift": {
            "rules": sorted(contents.rules),
            "mappings": sorted(contents.mappings),
            "action_types": sorted(contents.types),
            "folded_back": sorted(folded(sources, contents)),
            "shadowing": _shadowing(policies.of(COMMON), bundle),
        },
    }


def _stamp(policies: Policies) -> object:
    try:
        return files.stamp(policies.places)
    except MalformedError:  # a place is gone
        return None


def _file(document: Document) -> dict[str, Any]:
    data = document.data
    return {
        "name": document.name,
        "kind": data.get("kind"),
        "id": data.get("id"),
        "rules": len(data["rules"]) if data.get("kind") == "Rules" else None,
        "digest": digest(data),
    }


def _shadowing(common: Bundle, bundle: Bundle) -> list[dict[str, Any]]:
    """Rules that one source hides of the other: what is warned of with both, and not with the files alone."""
    known = {(one.rule_id, one.why) for one in lint(common.rules, action_types=common.action_types)}
    found = lint(bundle.rules, action_types=bundle.action_types)
    return [asdict(one) for one in found if one.code in _HIDDEN and (one.rule_id, one.why) not in known]


def exported(contents: Contents) -> list[dict[str, str]]:
    """What is kept by API as files to be committed: ``[{"name", "text"}]``.

    A rule that lies in a file word for word is that file's from then on, and can be deleted here.
    """
    found = []
    if contents.rules:
        rules = [unpack(dict(rule)) for rule in contents.rules.values()]
        page = {"apiVersion": "vienna/v1", "kind": "Rules", "id": "kept-by-api", "rules": rules}
        found.append({"name": "kept-by-api.yaml", "text": dumped(page)})
    for name, data in contents.mappings.items():
        found.append({"name": f"mappings/{name}.yaml", "text": str(data["text"])})
        if data.get("cases"):
            found.append({"name": f"mappings/{name}_cases.yaml", "text": str(data["cases"])})
    return found
