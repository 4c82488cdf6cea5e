"""A call: one outbound HTTP request, canonical or refused.

Read in this order: request, framing, target, authority.
"""
