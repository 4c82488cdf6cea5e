"""The two faults of the gate's own world."""


class StartError(RuntimeError):
    """The process cannot start; the text is one line that says what to do about it."""


class UnavailableError(RuntimeError):
    """A part of the world did not answer as it must; whoever asked is refused.

    Attributes:
        port: Which part: ``control``, ``spool``, ``upstream``.
        why: One sentence for operators, without secrets.
    """

    def __init__(self, port: str, why: str) -> None:
        super().__init__(f"{port}: {why}")
        self.port = port
        self.why = why
