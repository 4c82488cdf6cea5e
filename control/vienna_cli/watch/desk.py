"""What somebody says to the control plane about one approval. Every answer is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vienna_cli import surroundings
from vienna_cli.facts import consent
from vienna_cli.output import cell, escape
from vienna_cli.watch.queue import Row
from vienna_client import UnreachableError, ViennaClient, ViennaError


class NotDoneError(Exception):
    """Why something was not done, in words for people, escaped."""


class Desk:
    """One operator's."""

    def __init__(self, client: ViennaClient) -> None:
        self._client = client

    def read(self, approval_id: str) -> dict[str, Any]:
        """All of one approval. Raises ``NotDoneError``, as all here do."""
        approval = self._ask("GET", f"/approvals/{approval_id}")
        return {**self._done(lambda: surroundings.read(self._client, approval_id)), **approval}

    def approve(self, row: Row, said: Mapping[str, Any]) -> str:
        """Agree to exactly what was read of it."""
        body = {**said, "shown_digest": row["shown_digest"]}
        after = self._ask("POST", f"/approvals/{row['approval_id']}/approve", body)
        return f"you agreed; it is {cell(after['status'])}, {consent(after)}"

    def deny(self, row: Row, reason: str) -> str:
        body = {"reason": reason, "shown_digest": row["shown_digest"]}
        after = self._ask("POST", f"/approvals/{row['approval_id']}/deny", body)
        return f"you denied it; it is {cell(after['status'])}"

    def claim(self, row: Row) -> str:
        self._ask("POST", f"/approvals/{row['approval_id']}/claim")
        return "claimed for five minutes; r gives it back"

    def release(self, row: Row) -> str:
        after = self._ask("POST", f"/approvals/{row['approval_id']}/release")
        return "given back" if after.get("released") else "you had not claimed it"

    def lowered(self, row: Row, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What it would be with these parameters; nothing is changed by asking."""
        return self._ask("POST", f"/approvals/{row['approval_id']}/narrow", {"narrowed": dict(wanted)})

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._done(lambda: self._client.request(method, path, json=body))
        if not isinstance(answer, dict):
            raise NotDoneError("the control plane answered something else than was asked")
        return answer

    @staticmethod
    def _done[T](ask: Callable[[], T]) -> T:
        try:
            return ask()
        except UnreachableError as error:
            raise NotDoneError(escape(f"not sent, or no answer came: {error}")) from None
        except ViennaError as error:
            raise NotDoneError(escape(_told(error))) from None


def _told(error: ViennaError) -> str:
    details = error.details if isinstance(error.details, list) else []
    more = [f"{one.get('field', '')} {one.get('message', '')}" for one in details if isinstance(one, dict)]
    return "; ".join([error.message or error.code, *more])
