"""The kernel's two exceptions. A refusal is never one: it is a value (see ``verdict``)."""


class MalformedError(ValueError):
    """Input that has no reading, raised by parsers only.

    Attributes:
        where: The place, as a person would look for it: ``policies/a.yaml:12:5 rules[0].when``,
            ``header content-length``, ``body /amount``.
        why: What was expected and what came, in one sentence, without secrets.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class IllegalMoveError(RuntimeError):
    """A state machine was asked for a move that its table does not have: always our bug."""

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: no move from {state} on {event}")
        self.machine = machine
        self.state = state
        self.event = event
