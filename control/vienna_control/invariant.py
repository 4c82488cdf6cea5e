"""What must be so by what stands elsewhere: a foreign key, a check made before, a row written in this transaction."""

from __future__ import annotations


class InvariantError(RuntimeError):
    """Something of ours is not as it must be. The unit of work is taken back, and nothing passes."""


def there[T](value: T | None, because: str) -> T:
    """The value. Raises ``InvariantError`` where it is missing; ``because`` says why it cannot be."""
    if value is None:
        raise InvariantError(f"missing, and it cannot be: {because}")
    return value
