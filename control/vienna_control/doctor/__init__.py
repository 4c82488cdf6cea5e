"""The state of this control plane as a person can act on it: ``examination`` when asked, ``lookout`` unasked.

``check`` is one thing looked at; ``installation``, ``gates`` and ``people`` hold the checks.
"""
