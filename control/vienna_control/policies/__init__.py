"""The policy in force: files and stored rules, compiled together, swapped as one.

Read in this order: ``files`` (what lies on disk), ``bundle`` (one compiled policy), ``stored`` (rules by API),
``current`` (which bundle is in force, and how the next one takes its place), ``trial`` (dry runs).
"""

from vienna_control.policies.bundle import Bundle
from vienna_control.policies.current import Policies

__all__ = ["Bundle", "Policies"]
