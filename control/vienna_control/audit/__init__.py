"""The audit trail behind the units that write it: order, signed heads, a second place, and verification.

Read in this order: ``witness`` (checkpoints kept outside the database), ``sequencer`` (index, link, tree, checkpoint),
``trail`` (holding the stored trail against its signatures), ``export`` (the trail as NDJSON that verifies alone).
"""

from vienna_control.audit.sequencer import Sequencer
from vienna_control.audit.trail import Report, count_pending, verify_store
from vienna_control.audit.witness import CheckpointFile

__all__ = ["CheckpointFile", "Report", "Sequencer", "count_pending", "verify_store"]
