"""What tests of the whole product stand on: a real upstream, real processes, real clients, and the laws.

``certificates`` -> ``upstream`` (with ``apis``) -> ``vienna`` -> ``clients`` -> ``laws``. Nothing here imports the
product's packages: it sees Vienna only from outside.
"""
