"""Groups of approvers: what is written down of them, in which order they are asked, and who of them is on duty.

1. Members are the operators that name the group; nothing here adds or takes away a voter.
2. A group in a policy file hides one that was made by API under the same name, and cannot be changed by API.
3. A group that nobody wrote down is always on duty, and asked after those that have a place in the order.
4. A calendar that was never read leaves its group on duty: asking too many is the lesser harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, or_, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.store import Tx
from vienna_control.store.tables import calendars, groups, operators
from vienna_kernel.approval.group import LAST, Group
from vienna_kernel.approval.moves import EXECUTIVE, Voter
from vienna_kernel.approval.rota import ALWAYS, Calendar, Duty, Rota, Span, Weekly, change_after
from vienna_kernel.ledger.trail import EntryType

type Source = Literal["api", "file"]

COMMON = ""
"""The tenant of what stands in files."""
MOST = 200
"""Groups by API in one tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A group as it is kept.

    Attributes:
        spans: Events of its calendar; None: it has none, or it was never read.
        fetched_at, problem: Of its calendar.
    """

    group: Group
    source: Source
    updated_at: str
    spans: tuple[Span, ...] | None = None
    fetched_at: str | None = None
    problem: str = ""

    @property
    def rota(self) -> Rota:
        if self.group.calendar is None:
            return self.group.weekly()
        return Calendar(self.spans) if self.spans is not None else Weekly((), self.group.weekly().zone)

    def on_duty(self, now: datetime) -> Duty:
        return self.rota.at(now)

    def to_api(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            **self.group.to_json(),
            "source": self.source,
            "read_only": self.source == "file",
            "updated_at": self.updated_at,
        }
        if self.group.calendar is not None:
            told["calendar_fetched_at"] = self.fetched_at
            told["calendar_problem"] = self.problem
        return told


class TakenError(ValueError):
    """There is a group of this name already, or it stands in a file."""


def every(conn: Connection, tenant: str) -> dict[str, Kept]:
    """What is written down of the groups of a tenant, by name, in the order they are asked."""
    found: dict[str, Kept] = {}
    for row in _EVERY.every(conn, tenant=tenant):  # ``file`` after ``api``
        found[row["name"]] = _kept(row)
    return dict(sorted(found.items(), key=lambda item: _place(item[0], item[1].group.order)))


_EVERY = rows.Prepared(
    select(groups, calendars.c.spans, calendars.c.fetched_at, calendars.c.problem)
    .outerjoin(calendars, (calendars.c.tenant == groups.c.tenant) & (calendars.c.url == groups.c.calendar))
    .where(or_(groups.c.tenant == bindparam("tenant"), groups.c.source == "file"))
    .order_by(groups.c.source, groups.c.name)
)


def _place(name: str, order: int) -> tuple[bool, int, str]:
    return (name == EXECUTIVE, order, name)


def _kept(row: rows.Row) -> Kept:
    spans = rows.load(row["spans"])
    return Kept(
        group=Group.model_validate(rows.load(row["definition"])),
        source=row["source"],
        updated_at=row["updated_at"],
        spans=None if spans is None else tuple(_span(span) for span in spans),
        fetched_at=row["fetched_at"],
        problem=row["problem"] or "",
    )


def _span(data: Mapping[str, Any]) -> Span:
    return Span(from_iso(data["from"]), from_iso(data["to"]), frozenset(data["people"]))


def groups_order(conn: Connection, tenant: str) -> Sequence[str]:
    """The groups that approvers are in, in the order they are asked: as written down, executives last."""
    query = select(operators.c.groups).where(
        operators.c.tenant == tenant,
        operators.c.disabled.is_(False),
        operators.c.role.in_(["approver", "admin"]),
    )
    known = {group for row in rows.every(conn, query) for group in rows.load(row["groups"])}
    return sorted(known, key=placing(every(conn, tenant)))


def placing(written: Mapping[str, Kept]) -> Callable[[str], tuple[bool, int, str]]:
    """The key by which names of groups are put in order."""
    return lambda name: _place(name, written[name].group.order if name in written else LAST)


def members(conn: Connection, tenant: str, name: str) -> list[dict[str, Any]]:
    """The operators of a group, by e-mail address."""
    query = (
        select(operators)
        .where(operators.c.tenant == tenant, operators.c.disabled.is_(False))
        .order_by(operators.c.email)
    )
    return [
        {"id": row["id"], "email": row["email"], "name": row["name"], "role": row["role"]}
        for row in rows.every(conn, query)
        if name in rows.load(row["groups"])
    ]


def who(conn: Connection, tenant: str, kept: Kept | None, name: str, at: datetime) -> dict[str, Any]:
    """Who of a group is on duty at an instant, and when that changes."""
    duty = kept.on_duty(at) if kept else ALWAYS
    change = change_after(kept.rota, at) if kept else None
    there = [
        one for one in members(conn, tenant, name) if duty.includes(one["id"], one["email"], one["name"])
    ]
    return {
        "name": name,
        "at": iso(at),
        "everyone": duty.everyone,
        "named": sorted(duty.people),
        "on_duty": there,
        "changes_at": iso(change) if change else None,
    }


def page(written: Mapping[str, Kept], names: Sequence[str]) -> Literal["now", "morning"] | None:
    """How the first of these groups that says it is paged."""
    said = (written[name].group.page for name in names if name in written)
    return next((each for each in said if each), None)


class Present:
    """Who is on duty now, for one unit of work: each group is looked at once."""

    def __init__(self, written: Mapping[str, Kept], now: datetime) -> None:
        self._written = written
        self._now = now
        self._duty: dict[str, Duty] = {}

    def in_group(self, voter: Voter, name: str, group: str) -> bool:
        """Whether this member is on duty for the group; ``name``: as calendars may write them."""
        if group not in self._duty:
            kept = self._written.get(group)
            self._duty[group] = kept.on_duty(self._now) if kept else ALWAYS
        return self._duty[group].includes(voter.id, voter.email, name)

    def next_change(self, names: Sequence[str]) -> datetime | None:
        """The first instant at which the duty of one of these groups changes."""
        rotas = [self._written[name].rota for name in names if name in self._written]
        return min((at for rota in rotas if (at := change_after(rota, self._now))), default=None)


# writing


def put(tx: Tx, tenant: str, group: Group, *, actor: str, new: bool) -> Kept | None:
    """Make or change a group by API; None: there is none to change.

    Raises ``TakenError`` where one is there already, or where a file says what the group is.
    """
    known = every(tx.conn, tenant)
    kept = known.get(group.name)
    if kept is not None and kept.source == "file":
        raise TakenError(f"the group {group.name!r} stands in a policy file: change it there")
    if new and kept is not None:
        raise TakenError(f"there is a group {group.name!r} already")
    if not new and kept is None:
        return None
    if new and len(known) >= MOST:
        raise TakenError(f"there are {MOST} groups already")
    _write(tx, tenant, "api", group)
    _tell(tx, tenant, group.name, "written", actor)
    return Kept(group=group, source="api", updated_at=tx.at)


def remove(tx: Tx, tenant: str, name: str, *, actor: str) -> bool:
    """Forget what is written down of a group by API; False: nothing is. Raises ``TakenError`` for a file's."""
    kept = every(tx.conn, tenant).get(name)
    if kept is None:
        return False
    if kept.source == "file":
        raise TakenError(f"the group {name!r} stands in a policy file: remove it there")
    tx.conn.execute(
        delete(groups).where(groups.c.tenant == tenant, groups.c.source == "api", groups.c.name == name)
    )
    _tell(tx, tenant, name, "removed", actor)
    return True


def adopt(tx: Tx, wanted: Sequence[Group], *, tenant: str, actor: str) -> None:
    """Bring what is kept of files to what the files say now; nothing is entered where they say the same.

    Files hold for every tenant; ``tenant``: under which the trail has it.
    """
    query = select(groups).where(groups.c.tenant == COMMON, groups.c.source == "file")
    known = {row["name"]: row["definition"] for row in rows.every(tx.conn, query)}
    said = {group.name: group for group in wanted}
    for name in sorted(known.keys() - said.keys()):
        tx.conn.execute(delete(groups).where(groups.c.tenant == COMMON, groups.c.name == name))
        _tell(tx, tenant, name, "removed", actor, source="file")
    for name, group in said.items():
        if known.get(name) != rows.dump(group.to_json()):
            _write(tx, COMMON, "file", group)
            _tell(tx, tenant, name, "written", actor, source="file")


def _write(tx: Tx, tenant: str, source: Source, group: Group) -> None:
    key = {"tenant": tenant, "source": source, "name": group.name}
    values = {
        "definition": rows.dump(group.to_json()),
        "calendar": group.calendar,
        "updated_at": tx.at,
    }
    if not rows.change_by(tx.conn, groups, key, **values):
        rows.add(tx.conn, groups, **key, **values)


def _tell(tx: Tx, tenant: str, name: str, did: str, actor: str, *, source: Source = "api") -> None:
    told = {"what": "group", "group": name, "did": did, "source": source}
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=actor, data=told)
