"""The agents: who they are, what they may try, how far they are trusted, and how strictly they are held.

Read in this order: ``registry``, ``trust``, ``alerts``, ``suspension``, ``forecast``, ``activity``.
"""
