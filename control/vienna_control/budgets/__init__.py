"""The books of budgets: what is reserved and used, by whom, in the database.

``books`` reads an account and makes reservations; ``ending`` ends them. What either means is the kernel's (``budget``).
"""
