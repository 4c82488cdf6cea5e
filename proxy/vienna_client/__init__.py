"""Client of the Vienna control plane, for agents and tools. It imports nothing else of Vienna.

    from vienna_client import ViennaClient

    with ViennaClient() as vienna:                      # behind a sidecar no key is needed
        answer = vienna.ask("create_refund", {"order": "ORD-1", "amount": 50, "currency": "EUR"})
        print(answer.text)                              # a sentence for the model, whatever was decided

Read its modules in this order: intent (what is asked and what comes of it), protocol (requests and their answers
as data), errors, events, client (the two shells that send them).
"""

from vienna_client.client import AsyncViennaClient, ViennaClient
from vienna_client.errors import UnreachableError, ViennaError
from vienna_client.events import Event
from vienna_client.intent import Answer

__all__ = ["Answer", "AsyncViennaClient", "Event", "UnreachableError", "ViennaClient", "ViennaError"]
