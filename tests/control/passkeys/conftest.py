"""Fixtures of the tests of passkeys."""

from __future__ import annotations

import pytest

from keyholders import Keyholders
from people import People
from planes import Control


@pytest.fixture
def holders(control: Control, people: People) -> Keyholders:
    """The operators, each with a software authenticator."""
    return Keyholders(control, people)
