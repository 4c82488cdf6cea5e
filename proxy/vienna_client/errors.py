"""What a client raises: the control plane said no in its envelope, or it did not answer at all.

A denied or pending intent is neither: it is an answer (see ``intent.Answer``).
"""

from __future__ import annotations

from typing import Any


class ViennaError(Exception):
    """The control plane answered with an error.

    Attributes:
        code: One of the closed list of error codes, e.g. ``not_found``.
        message: One sentence for people.
        status: HTTP status.
        details: What else it says: for ``validation_failed`` each field with what was expected.
    """

    def __init__(self, code: str, message: str, *, status: int, details: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details = details


class UnreachableError(Exception):
    """Nothing answered there, or what answered is not a control plane.

    Attributes:
        url: Where it was looked for.
        why: What happened, in one sentence.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no control plane at {url}: {why}")
        self.url = url
        self.why = why
