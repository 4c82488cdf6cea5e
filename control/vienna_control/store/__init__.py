"""Where everything is kept, durable before it is acknowledged.

Read in this order: ``tables`` (the data model), ``schema`` (migrations), ``sqlite`` (connections), ``unit`` (one
unit of work), ``writer`` (the one thread that writes), ``store`` (what the rest of the house sees).
"""

from vienna_control.store.store import Store
from vienna_control.store.unit import Tx

__all__ = ["Store", "Tx"]
