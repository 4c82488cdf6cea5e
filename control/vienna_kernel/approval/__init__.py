"""Consent by people: what it takes (requirements), the table of moves (moves), consent in advance (standing)."""
