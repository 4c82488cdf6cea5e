"""Consent by people: what they are shown, who may say what, and what becomes of no answer.

Read in this order: ``shown`` (what an approver sees), ``queue`` (asking), ``vote`` (yes and no), ``ending`` (what
follows), ``memory`` (what was decided about this call before), ``expiry`` (no answer), ``view`` (as the API tells it).
"""
