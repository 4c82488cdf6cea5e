"""The kernel: pure decisions about what an agent's call means and whether it may leave.

It never reads a clock, a socket, a file, an environment variable or a random source: time, keys and identifiers
arrive as arguments. Read it in this order: verdict, errors, value, document, duration; call/, decode/, protocol/,
parameter, money, action, intent, mapping/, propose/; policy/, budget/, approval/, decision/; keyring, signing,
warrant/; verification/, trust, lifecycle; ledger/; wire, settings. Each package says in its first lines where to begin.
"""
