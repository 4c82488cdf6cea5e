"""How an ask becomes a decision: intake, law, consent, warrant, record.

Read in this order: ``orchestrator`` (the walk), ``case`` (one ask on its way), ``granted``, ``held``, ``refused``, and
``brought`` (a warrant that the agent brought along).
"""

from vienna_control.pipeline.orchestrator import Pipeline

__all__ = ["Pipeline"]
