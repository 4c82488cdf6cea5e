"""One thing that a request asks for, as its protocol tells it; a mapping makes it an intent."""

from __future__ import annotations

from dataclasses import dataclass

from vienna_kernel.decode.pointer import MISSING, Found, Pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One operation of a request.

    Attributes:
        operation: What tells it from others at the same address, e.g. ``mutation.createIssue`` or ``RunInstances``;
            empty where method and path say it all.
        value: What parameters ``from: operation`` point into.
        open: Where in ``value`` the caller's own members stand, of which none may be undeclared; None: nowhere.
        answer: Where in the decoded answer this part's own result stands.
        failed: Pointers into the whole decoded answer; where one of them leads to something that is neither null nor
            empty, this part did not happen.
    """

    operation: str = ""
    value: Found = MISSING
    open: Pointer | None = None
    answer: Pointer = ()
    failed: tuple[Pointer, ...] = ()
