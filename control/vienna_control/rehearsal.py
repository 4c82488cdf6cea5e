"""``python -m vienna_control.rehearsal``: the same control plane, whose people agree to everything at once.

For the tests of an agent: what policy holds goes on without anybody, what it denies stays denied. In dev and test only;
whoever starts this elsewhere gets nothing at all, and no setting of the ordinary control plane leads here.

1. The votes are ordinary ones, cast in the name of operators called ``approve-all-1`` and so on: the trail says so.
2. They are in every group and have every role that a rule names, so that nobody is missing; they have no key, no
   password and no code, so that nobody can log in as one of them.
"""

from __future__ import annotations

import sys
from functools import partial

import structlog

from vienna_control import rows
from vienna_control.__main__ import main
from vienna_control.app import App
from vienna_control.approvals import ending
from vienna_control.approvals.duty import operators_of
from vienna_control.approvals.vote import Ballot, Decided
from vienna_control.config import BootstrapConfig
from vienna_control.identity import operators
from vienna_control.store import Tx
from vienna_control.store.tables import operators as table
from vienna_kernel.approval.moves import EXECUTIVE, Requirements, Status, Voter
from vienna_kernel.ledger.trail import EntryType

NAME = "approve-all"
SEATS = 5
"""As many people as a rule or tier can ask for."""

_WORDS = "approve-all: nobody was asked"
_HEARD = ("approval_required", "policy_changed")

log = structlog.get_logger("vienna.control")


class Agreement:
    """Agrees to whatever is asked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tenant = (app.config.bootstrap or BootstrapConfig()).tenant

    async def run(self) -> None:
        """Work until cancelled."""
        with self._app.bus.subscribe(_HEARD, tenant=self._tenant) as heard:
            async for event in heard:
                if event.name == "policy_changed":
                    await self.take_seats()
                    continue
                await self._app.store.write(partial(self._agree, approval_id=event.data["approval_id"]))

    async def take_seats(self) -> None:
        """Enter whoever the policy in force may ask for."""
        groups, named = self._asked_for()
        await self._app.store.write(lambda tx: self._enter(tx, groups, named))

    def _asked_for(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Groups and roles, and e-mail addresses or ids, that the rules name."""
        shapes = [rule.shape.then.approvals for rule in self._app.policies.current.rules.rules]
        asked = [shape for shape in shapes if shape is not None]
        groups = {EXECUTIVE, *(name for shape in asked for name in (*shape.groups, *shape.roles))}
        return tuple(sorted(groups)), tuple(sorted({name for shape in asked for name in shape.people}))

    def _enter(self, tx: Tx, groups: tuple[str, ...], named: tuple[str, ...]) -> None:
        for number in range(1, SEATS + 1):
            self._seat(tx, f"{NAME}-{number}", f"{NAME}-{number}@vienna.internal", groups)
        for person in named:
            if "@" in person:
                known = operators.by_email(tx.conn, person)
                free = f"{NAME}-{SEATS + 1 + named.index(person)}"
                self._seat(tx, known.id if known else free, person.lower(), groups)
            else:
                self._seat(tx, person, f"{person}@vienna.internal", groups)

    def _seat(self, tx: Tx, operator_id: str, email: str, groups: tuple[str, ...]) -> None:
        if operators.by_id(tx.conn, operator_id) is not None:
            rows.change(tx.conn, table, operator_id, groups=rows.dump(groups))
            return
        values = {"email": email, "name": NAME, "role": "approver", "totp_step": 0, "disabled": False}
        rows.add(
            tx.conn,
            table,
            id=operator_id,
            tenant=self._tenant,
            groups=rows.dump(groups),
            created_at=tx.at,
            **values,
        )
        told = {"what": "operator", "operator": operator_id, "role": "approver", "groups": list(groups)}
        tx.record(EntryType.CONFIG_CHANGED, tenant=self._tenant, actor="system", data=told)

    def _agree(self, tx: Tx, *, approval_id: str) -> None:
        for voter in self._voters(tx, approval_id):
            ballot = Ballot(
                verdict="approve",
                comment=_WORDS,
                justification=_WORDS,
                rollback_plan=_WORDS,
                code=lambda: True,
            )
            decided = self._app.pipeline.vote(tx, self._tenant, approval_id, voter, ballot)
            if isinstance(decided, Decided) and decided.status is not Status.PENDING:
                return
        log.warning("rehearsal.not_agreed", approval_id=approval_id)

    def _voters(self, tx: Tx, approval_id: str) -> list[Voter]:
        """The people it names, since nobody can stand in for them, then the others."""
        row = ending.open_row(tx.conn, approval_id)
        parts = Requirements.from_json(rows.load(row["requirements"])).parts() if row is not None else ()
        named = [person for part in parts for person in part.people]
        voters = operators_of(tx.conn, self._tenant)
        people = [one for one in voters if one.named(named)]
        return people + [one for one in voters if one.id.startswith(f"{NAME}-") and one not in people]


async def rehearse(app: App) -> None:
    """Make an app one in which everything is agreed to."""
    agreement = Agreement(app)
    await agreement.take_seats()
    app.background = (*app.background, agreement)


if __name__ == "__main__":
    sys.exit(main(prepare=rehearse, lenient_only="the rehearsal"))
