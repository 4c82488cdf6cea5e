"""The ledger: entries in one order, linked, under signed tree heads; finds the first break.

Read in this order: entry, trail, merkle, checkpoint, breaks.
"""
