"""YAML documents: data with places, or a complaint with its place.

The quick reader and the slow one never read a text in two ways. That one of them refuses what the other reads may be:
libyaml takes a comment right after ``|``, for one.
"""

from __future__ import annotations

import yaml

from fuzz import law
from vienna_kernel import document, yaml_nodes
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError

SEEDS = (
    b"apiVersion: vienna/v1\nkind: Rules\nrules:\n  - id: a\n    when: {all: [{field: x, operator: equals}]}\n",
    b"a: |\n  two\n  lines\nb: >-\n  folded\nc: [1, 2.50, 'x', \"\\u00fc\", null, true]\n",
    b"a: &x 1\nb: *x\n",
    b"a: !!python/name:os.system\n",
    b"a: 1\na: 2\n---\n",
)


def _reading(data: bytes, loader: type) -> object:
    """The data, ``MISSING`` where it is refused."""
    quick, yaml_nodes._QUICK = yaml_nodes._QUICK, loader
    try:
        return document.parse(data, name="f").data
    except MalformedError as error:
        law(error.where.startswith("f"), "the place is named")
        return MISSING
    finally:
        yaml_nodes._QUICK = quick


def one_input(data: bytes) -> None:
    quick, slow = _reading(data, yaml_nodes._QUICK), _reading(data, yaml.SafeLoader)
    law(quick == slow or MISSING in (quick, slow), "one text is never read in two ways")
