"""mitmproxy without its own addons, once this is imported: before anything else of it, and only where it is a gate.

Its package of addons imports all of them with the first, a web framework and an LDAP client among them: a fifth of a
second of the start and 13 MB that no gate uses, and code that need not be there. The gate's few are imported by name.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

NAME = "mitmproxy.addons"


def _bare() -> None:
    found = importlib.util.find_spec("mitmproxy")
    if NAME in sys.modules or found is None or found.origin is None:
        return
    package = ModuleType(NAME)
    package.__path__ = [str(Path(found.origin).parent / "addons")]
    sys.modules[NAME] = package


_bare()
