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
        answer_id: The ``id`` of the answer to this part. Where the decoded answer is a list (a batch), the one element
            with that ``id`` is what ``answer`` and ``failed`` point into; a single answer with another ``id`` is not
            this part's. ``MISSING``: answers have no ids.
        failed: Pointers into the whole decoded answer. Where one of them leads to something (not null, false, zero or
            empty) and ``answer`` leads to nothing, or to null, this part did not happen. Where both lead to
            something, the answer contradicts itself.
        query: Names of query parameters that this reading accounts for, so that no mapping need declare them.
    """

    operation: str = ""
    value: Found = MISSING
    open: Pointer | None = None
    answer: Pointer = ()
    answer_id: Found = MISSING
    failed: tuple[Pointer, ...] = ()
    query: frozenset[str] = frozenset()
