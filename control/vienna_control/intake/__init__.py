"""Intake: who asks, whether it may try this at all, and the facts that policy sees.

Read in this order: ``ask``, ``admission``, ``rates``, ``facts``, ``submission``.
"""
