"""Stopping in an emergency.

Read in this order: ``stops`` (the rows, and what they hold back), ``reset`` (what a stop ends), ``freezing`` (freezes:
one person makes one, two lift it).
"""
