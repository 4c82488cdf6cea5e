"""A decision: what the rules, the tiers and the risk make of one intent.

Read in this order: facts, decide, risk, tier, consent, answer, spending, explanation, hint.
"""
