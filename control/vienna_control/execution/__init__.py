"""From a granted intent to its recorded outcome.

Read in this order: ``dispatch`` (mint, consume, start), ``handlers`` (what we execute ourselves), ``told`` and
``outcome`` (what happened), ``readback`` (what reading it back changed), ``drift`` (what follows when it was not what
was approved), ``sweep`` (no outcome came).
"""
