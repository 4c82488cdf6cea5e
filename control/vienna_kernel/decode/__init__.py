"""Bodies into values: ``json``, ``form``; ``pointer`` finds a place in them.

Each decoder is total (any bytes give a value or ``MalformedError``) and strict (one reading, or none).
"""
