"""What a path of the Kubernetes API names, read as the API server's own ``RequestInfoFactory`` reads it.

1. ``/api/v1/…`` and ``/apis/{group}/{version}/…`` name resources, within ``namespaces/{namespace}/`` or not. A
   namespace is a resource itself; of what follows its name only ``status`` and ``finalize`` are its own.
2. The old prefix ``watch/`` is read, ``proxy/`` is refused: no server has it any more.
3. A step is decoded once. Whatever could name something else to another reader is refused: an encoded slash, an empty
   step, a step after the subresource (but for ``proxy``, whose rest goes to what stands behind).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from vienna_kernel.errors import MalformedError

# The longest name is a DNS subdomain of 253; names of RBAC have colons. ``IsValidPathSegmentName`` forbids / and %.
_STEP = re.compile(r"[^/%\x00-\x1f\x7f]{1,253}\Z")
_OWN_OF_NAMESPACE = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a resource path names; what it does not name is empty.

    Attributes:
        watched: It came by the old prefix ``watch/``.
        rest: Path behind a ``proxy`` subresource, with its slash.
    """

    group: str
    version: str
    namespace: str = ""
    resource: str
    name: str = ""
    subresource: str = ""
    rest: str = ""
    watched: bool = False

    @property
    def kind(self) -> str:
        """``deployments`` or ``deployments/scale``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def _fault(why: str) -> MalformedError:
    return MalformedError("path", why)


def _decoded(step: str) -> str:
    try:
        text = unquote(step, errors="strict")
    except UnicodeDecodeError:
        raise _fault("a Kubernetes path that is not UTF-8") from None
    if not _STEP.match(text):
        raise _fault("a step of a Kubernetes path that is no plain name")
    return text


def parse(path: str) -> Resource | None:
    """What a canonical path names, None for one that is no resource (discovery, health, version, OpenAPI).

    Errors: ``MalformedError``.
    """
    prefix, *steps = path[1:].split("/")
    before = {"api": 1, "apis": 2}.get(prefix)
    if before is None or len(steps) <= before:
        return None
    group, version = ("", *map(_decoded, steps[:before]))[-2:]
    steps = steps[before:]
    watched = steps[0] == "watch"
    if watched:
        steps = steps[1:]
    namespace = ""
    if steps[:1] == ["namespaces"] and len(steps) > 1:
        namespace = _decoded(steps[1])
        if len(steps) > 2 and steps[2] not in _OWN_OF_NAMESPACE:
            steps = steps[2:]
    resource, name, subresource = [*map(_decoded, steps[:3]), "", "", ""][:3]
    rest = steps[3:]
    if resource in ("", "proxy"):
        raise _fault("a Kubernetes path without a resource")
    if (rest and subresource != "proxy") or (watched and subresource):
        raise _fault("a Kubernetes path with more steps than a resource, a name and a subresource")
    return Resource(
        group=group,
        version=version,
        namespace=namespace,
        resource=resource,
        name=name,
        subresource=subresource,
        rest="".join(f"/{step}" for step in rest),
        watched=watched,
    )
