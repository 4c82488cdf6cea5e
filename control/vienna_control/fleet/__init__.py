"""The agents: who they are, what they may try, how far they are trusted, and how strictly they are held.

Read in this order: ``registry``, ``trust``, ``profile`` (what is usual), ``alerts``, ``suspension``, ``enforcement``,
``forecast``, ``bounds``, ``proposals``, ``learning``, ``activity``.
"""
