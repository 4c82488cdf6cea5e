"""The kernel: pure decisions about what an agent's call means and whether it may leave.

It never reads a clock, a socket, a file, an environment variable or a random source: time, keys and
identifiers arrive as arguments. Read its modules in this order: verdict, errors, value, document, call,
decode, mapping, intent, action, facts, operators, expression, condition, judge, rule, policy, risk, tier,
requirements, consent, decision, approval, scope, keyring, signing, terms, claims, chain, use, warrant, verification,
entry, merkle, checkpoint, breaks, ledger, trust, lifecycle, wire.
"""
