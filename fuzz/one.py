"""``python -m fuzz.one NAME [libFuzzer options] [corpus folders]``: one target under atheris, until it breaks."""

from __future__ import annotations

import sys

import atheris

import fuzz


def main() -> None:
    """Errors: ``ImportError`` for a target that is not there."""
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["vienna_kernel"]):
        target = fuzz.target(name)
    atheris.Setup([sys.argv[0], *options], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
