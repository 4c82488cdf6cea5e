"""The one sequencer: gives committed entries their final index, links them, and signs what is there.

1. Entries are taken in the order they were committed, in contiguous batches; a batch, its checkpoint and the tree's
   state are one unit of work.
2. An entry whose body no longer hashes to its leaf is never signed: sequencing stops, and says which.
3. Nothing is signed over a store that is older than, or another than, what was signed before: the start is refused.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from vienna_control import rows
from vienna_control.audit.witness import CheckpointFile
from vienna_control.authority import Authority
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import checkpoints, entries, settings
from vienna_kernel.ledger.checkpoint import Checkpoint, checkpoint_note, open_note
from vienna_kernel.ledger.entry import GENESIS, chain_hash, leaf_hash
from vienna_kernel.ledger.merkle import Tree

log = structlog.get_logger("vienna.audit")

PERIOD_SECONDS = 0.1
BATCH = 4096
_WITNESS_SECONDS = 1.0  # the file gets at most one note a second, and the last one
_STATE = "audit_tree"
_FILE = "checkpoints"


@dataclass(frozen=True, slots=True)
class _State:
    """The log as far as it is signed."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()
    head: bytes = GENESIS

    def tree(self) -> Tree:
        return Tree(self.size, self.nodes)


@dataclass(frozen=True, slots=True)
class _Batch:
    state: _State
    note: str
    more: bool


class Sequencer:
    """Background work; ``flush`` does it at once.

    Attributes:
        broken: Why nothing is sequenced any more, or empty. Readiness must say so.
        checkpoint: The newest signed note, empty for an empty log.
        published: The newest one that stands in the second place; at the start the newest of all is taken to.
    """

    def __init__(
        self, store: Store, authority: Authority, file: CheckpointFile, *, state: _State, checkpoint: str
    ) -> None:
        self._store = store
        self._authority = authority
        self._file = file
        self._state = state
        self._lock = asyncio.Lock()
        self.published = self.checkpoint = checkpoint
        self._published_at = -math.inf
        self.broken = ""

    @classmethod
    async def open(cls, store: Store, authority: Authority, data_dir: Path) -> Sequencer:
        """Take up where the last process stopped.

        Raises ``StartError`` when the store is older than, or another than, the last checkpoint in ``data_dir``, or
        does not hold what was signed.
        """
        file = CheckpointFile(data_dir / _FILE)
        state, newest = await store.read(_load)
        _refuse_other_history(file, newest, await store.read(_notes_by_size(file)), authority)
        return cls(store, authority, file, state=state, checkpoint=newest)

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return self._state.size

    async def run(self) -> None:
        """Sequence every ``PERIOD_SECONDS`` until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.flush(wait=False)
            except UnavailableError as error:
                log.error("audit.not_sequenced", why=error.why)

    async def flush(self, *, wait: bool = True) -> None:
        """Sequence and sign every entry committed before this call.

        With ``wait`` the second place is written at once too. Raises ``UnavailableError`` when the store does not take
        it, and once an entry was found changed.
        """
        # Whoever gives up waiting must not stop it between the commit and the note of it.
        await asyncio.shield(self._flush(wait=wait))

    async def _flush(self, *, wait: bool) -> None:
        async with self._lock:
            more = await self._store.read(_waiting)
            while more:
                if self.broken:
                    raise UnavailableError("audit", self.broken)
                batch = await self._store.write(self._sequence)
                self._state, self.checkpoint, more = batch.state, batch.note, batch.more
            await self._publish(wait=wait)

    async def _publish(self, *, wait: bool) -> None:
        due = wait or time.monotonic() - self._published_at >= _WITNESS_SECONDS
        if self.checkpoint != self.published and due:
            note = self.checkpoint
            await asyncio.to_thread(self._file.append, note)
            self.published, self._published_at = note, time.monotonic()

    def _sequence(self, tx: Tx) -> _Batch:
        """One batch, in one unit of work."""
        signed = tx.conn.scalar(select(func.max(checkpoints.c.size))) or 0
        if signed != self._state.size:
            raise UnavailableError(
                "audit", f"another sequencer signed {signed} entries, this one {self._state.size}"
            )
        found = tx.conn.execute(_UNSEQUENCED.limit(BATCH)).all()
        tree, link, changes = self._state.tree(), self._state.head, []
        for entry_id, body, leaf in found:
            computed = leaf_hash(body) if isinstance(body, bytes) else b""
            if computed.hex() != leaf:
                self.broken = f"entry {entry_id} was changed before it was signed"
                raise UnavailableError("audit", self.broken)
            changes.append({"entry": entry_id, "place": tree.size, "link": link.hex()})
            link = chain_hash(link, computed)
            tree.append(computed)
        if changes:
            tx.conn.execute(_PLACE, changes)
        state = _State(tree.size, tuple(tree.nodes), link)
        note = self._sign(tx, state) if changes else self.checkpoint
        return _Batch(state, note, more=len(found) == BATCH)

    def _sign(self, tx: Tx, state: _State) -> str:
        root = state.tree().root()
        note = checkpoint_note(self._authority.origin, state.size, root, tx.at, self._authority.log_key)
        row = {"size": state.size, "root": root.hex(), "head": state.head.hex(), "note": note, "at": tx.at}
        tx.conn.execute(insert(checkpoints), row)
        value = {"size": state.size, "nodes": [node.hex() for node in state.nodes], "head": state.head.hex()}
        tx.conn.execute(delete(settings).where(settings.c.name == _STATE))
        tx.conn.execute(insert(settings), {"name": _STATE, "value": rows.dump(value)})
        return note


_UNSEQUENCED = (
    select(entries.c.id, entries.c.body, entries.c.leaf)
    .where(entries.c.idx.is_(None))
    .order_by(entries.c.arrival)
)
_PLACE = (
    update(entries)
    .where(entries.c.id == bindparam("entry"))
    .values(idx=bindparam("place"), previous=bindparam("link"))
)


def _waiting(conn: Connection) -> bool:
    return conn.scalar(select(entries.c.id).where(entries.c.idx.is_(None)).limit(1)) is not None


def _load(conn: Connection) -> tuple[_State, str]:
    """The state that the newest checkpoint signs, and its note."""
    newest = rows.first(conn, select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1))
    if newest is None:
        return _State(), ""
    kept = rows.first(conn, select(settings.c.value).where(settings.c.name == _STATE))
    for state in (_kept(rows.load(kept["value"])) if kept else None, _recomputed(conn, newest["size"])):
        if state is not None and state.size == newest["size"] and state.tree().root().hex() == newest["root"]:
            return state, newest["note"]
    raise StartError(
        f"the stored trail is not the one that was signed (checkpoint of {newest['size']} entries): it was edited or "
        "damaged. Run 'vienna audit verify' to see where; nothing more is signed over it"
    )


def _kept(value: Any) -> _State | None:
    try:
        nodes = tuple(bytes.fromhex(node) for node in value["nodes"])
        Tree(value["size"], nodes)
        return _State(value["size"], nodes, bytes.fromhex(value["head"]))
    except (KeyError, TypeError, ValueError):
        return None


def _recomputed(conn: Connection, size: int) -> _State | None:
    tree, link = Tree(), GENESIS
    query = select(entries.c.leaf).where(entries.c.idx < size).order_by(entries.c.idx)
    try:
        for (text,) in conn.execute(query).yield_per(1000):
            leaf = bytes.fromhex(text)
            tree.append(leaf)
            link = chain_hash(link, leaf)
    except (TypeError, ValueError):
        return None
    return _State(tree.size, tuple(tree.nodes), link)


def _notes_by_size(file: CheckpointFile) -> Any:
    """A query for the stored note of the size that the file's last note names."""
    last = file.last()

    def query(conn: Connection) -> str | None:
        if last is None:
            return None
        return conn.scalar(select(checkpoints.c.note).where(checkpoints.c.size == last[1].size))

    return query


def _refuse_other_history(
    file: CheckpointFile, newest: str, same_size: str | None, authority: Authority
) -> None:
    last = file.last()
    if last is None:
        return
    note, said = last
    stored: Checkpoint | None = open_note(newest, authority.log_public) if newest else None
    kept: Checkpoint | None = open_note(note, authority.log_public)
    if kept is None or said.origin != authority.origin:
        why = f"{file.path} holds checkpoints of another log ({said.origin}) than this database's"
    elif stored is None or stored.size < kept.size:
        have = stored.size if stored else 0
        why = f"the database holds {have} signed entries, but {kept.size} were signed at {kept.at}: an old copy of it"
    else:
        there = open_note(same_size, authority.log_public) if same_size else None
        if there is not None and there.root == kept.root:
            return
        why = f"the database holds another history than the one signed at {kept.at} ({kept.size} entries)"
    raise StartError(
        f"{why}. Nothing starts over it: put the right database back, or, to go on without what is missing, keep "
        f"{file.path} as evidence elsewhere and remove it here"
    )
