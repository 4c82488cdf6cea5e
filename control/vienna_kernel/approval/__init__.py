"""Consent by people: what it takes (requirements), and the table of moves (moves)."""
