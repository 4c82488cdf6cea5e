"""The warrant: what it says, what it covers, and the numbered argument that verifies it.

Read in this order: terms, claims, token, use, scope, chain, document.
"""
