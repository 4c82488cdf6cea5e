"""Where an answer of success says that a part did nothing: errors of GraphQL, JSON-RPC and MCP beside a status of 200.

1. What stands inside the part's own answer (``isError`` of MCP) is the answer's own word: it failed.
2. An answer that has no results at all ran nothing (GraphQL 7.1, an error of the request; JSON-RPC 5): it failed.
3. Errors with a path speak of the field that the path begins with (GraphQL 7.1.2); those of other parts do not count.
4. Its own field is null and the error is the field's: it failed. The error lies deeper, has no path, or a result
   stands beside it: the part may have acted, ``ambiguous``. A part that only reads failed all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import MISSING, Pointer
from vienna_kernel.value import Value
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.place import is_empty
from vienna_kernel.verification.result import Check, Result
from vienna_kernel.verification.spec import Promise


def said(promise: Promise, answer: Answer) -> Check | None:
    """What the protocol says about the part; None: nothing is wrong."""
    for steps in promise.failed:
        found = MISSING if answer.whole is MISSING else pointer.find(answer.whole, steps)
        if found is MISSING or is_empty(found):
            continue
        result = _result(promise, answer, steps, found)
        if result is not Result.MATCH:
            name = "/" + "/".join(steps)
            return Check(name, "nothing", _told(found), result)
    return None


def _result(promise: Promise, answer: Answer, steps: Pointer, found: Value) -> Result:
    way = promise.answer
    nothing = answer.own is MISSING or answer.own is None
    if steps[: len(way)] == way:
        return Result.FAILED
    if answer.whole is MISSING or pointer.find(answer.whole, way[:-1]) is MISSING:
        return Result.FAILED
    depths = {_depth(error, way[-1]) for error in found} - {None} if isinstance(found, list) else {1}
    if not depths:
        return Result.MATCH
    if promise.reading:
        return Result.FAILED if nothing else Result.MATCH
    return Result.FAILED if nothing and depths == {1} else Result.AMBIGUOUS


def _depth(error: Value, field: str) -> int | None:
    """How far below the part's field an error lies: 1 at it, 0 when it does not say; None: it is another part's."""
    path = error.get("path") if isinstance(error, Mapping) else None
    if not isinstance(path, list) or not path or not isinstance(path[0], str):
        return 0
    return len(path) if path[0] == field else None


def _told(found: Value) -> Value:
    return "errors" if isinstance(found, (list, Mapping)) else found
