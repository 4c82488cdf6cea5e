"""The version of the distribution, read once."""

from importlib.metadata import PackageNotFoundError, version


def _read() -> str:
    try:
        return version("vienna-sidecar")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0+unknown"


VERSION = _read()
