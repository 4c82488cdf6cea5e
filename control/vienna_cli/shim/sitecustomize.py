"""Python finds this first on PYTHONPATH at start: every TLS context also trusts the CA in ``VIENNA_CA_FILE``.

Libraries that carry roots of their own (certifi, stripe, botocore) end in one of three methods of ``ssl.SSLContext``;
after each of them the CA is added. Nothing is ever removed, nothing is trusted that was not named. It runs in the
agent's own Python, whichever that is, so it uses the oldest syntax and imports as little as it can. A
``sitecustomize`` that it hides is run afterwards.
"""

import os
import sys


def _trust(ca: str) -> None:
    import ssl

    context = ssl.SSLContext
    load = context.load_verify_locations

    def wrap(method):  # type: ignore[no-untyped-def]  # any of three signatures
        def trusting(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            result = method(self, *args, **kwargs)
            load(self, cafile=ca)
            return result

        trusting.__name__ = method.__name__
        return trusting

    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        setattr(context, name, wrap(getattr(context, name)))  # type: ignore[no-untyped-call]


def _run_hidden() -> None:
    from importlib.machinery import PathFinder

    here = os.path.dirname(os.path.abspath(__file__))
    others = [place for place in sys.path if os.path.abspath(place or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or not spec.origin:
        return
    with open(spec.origin, encoding="utf-8") as file:
        code = compile(file.read(), spec.origin, "exec")
    exec(code, {"__name__": "sitecustomize", "__file__": spec.origin})  # noqa: S102  # what Python would have run


_ca = os.environ.get("VIENNA_CA_FILE")
if _ca and os.path.exists(_ca):
    _trust(_ca)
_run_hidden()
