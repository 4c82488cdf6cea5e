"""What kind of client calls: a word of a short list in place of the ``User-Agent``, which may say anything."""

from __future__ import annotations

import re

NOBODY = "none"
OURSELVES = "gate"
"""The gate itself: its look-ups and read-backs."""

OTHER = "other"

# The first that matches counts: the clients of vendors stand before the libraries that they are built on.
_KINDS = (
    ("claude-code", re.compile(r"claude-(cli|code)", re.I)),
    ("anthropic", re.compile(r"anthropic", re.I)),
    ("openai", re.compile(r"openai", re.I)),
    ("google", re.compile(r"google|gl-python|gcloud", re.I)),
    ("stripe", re.compile(r"stripe", re.I)),
    ("aws", re.compile(r"boto|aws-sdk|aws-cli", re.I)),
    ("github", re.compile(r"pygithub|octokit|github cli", re.I)),
    ("slack", re.compile(r"slack", re.I)),
    ("kubectl", re.compile(r"kubectl|kubernetes/", re.I)),
    ("git", re.compile(r"\bgit/", re.I)),
    ("pip", re.compile(r"\b(pip|uv)/", re.I)),
    ("npm", re.compile(r"\bnpm/", re.I)),
    ("curl", re.compile(r"curl", re.I)),
    ("wget", re.compile(r"wget", re.I)),
    ("httpx", re.compile(r"httpx", re.I)),
    ("aiohttp", re.compile(r"aiohttp", re.I)),
    ("requests", re.compile(r"python-requests", re.I)),
    ("urllib3", re.compile(r"urllib3", re.I)),
    ("python", re.compile(r"python", re.I)),
    ("node", re.compile(r"\b(node|undici|axios)\b", re.I)),
    ("go", re.compile(r"go-http-client|gobindings|[/-]go\b|terraform", re.I)),
    ("java", re.compile(r"\bjava|okhttp", re.I)),
    ("browser", re.compile(r"mozilla/", re.I)),
)
KINDS = frozenset({NOBODY, OURSELVES, OTHER, *(kind for kind, _ in _KINDS)})


def kind_of(user_agent: str) -> str:
    """A member of ``KINDS``."""
    if not user_agent:
        return NOBODY
    shown = user_agent[:512]
    return next((kind for kind, name in _KINDS if name.search(shown)), OTHER)
