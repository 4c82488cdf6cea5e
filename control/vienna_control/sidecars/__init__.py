"""The gates: how one gets its identity, what it works by, and the stream it asks over.

Read in this order: ``enrolment``, ``snapshot`` (the signed bundle), ``stream`` (one gate's connection), ``hub`` (all of
them, and what they are told unasked), ``heartbeats`` (and silence), ``inventory``, ``revocation``.
"""

from vienna_control.sidecars.hub import Hub

__all__ = ["Hub"]
