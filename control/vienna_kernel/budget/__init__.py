"""Budgets: how much may be used up within a window, by whom, and what one call takes of it.

Read in this order: definition (what a policy says), amount (what one call counts for), account (what is used and what
is left), entry (one reservation and how it ends), settlement (what an outcome makes of it), lease (a slice that a gate
spends by itself), claim (what one decision asks of its budgets).
"""
