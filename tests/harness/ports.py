"""Ports that are given to nobody else while nobody listens there."""

from __future__ import annotations

import socket


def kept_place() -> socket.socket:
    """A free port of the loopback interface that is given to nobody else while this is open, whoever listens there.

    It is bound and not listened at: connections are refused, and only a server that names it gets it.
    """
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place
