"""A mapping file proposed, to be reviewed: from the description of an API, or from recorded traffic.

Nothing here decides anything: what is proposed is text that a person reads, and every guess in it says what it was
guessed from. Read in this order: words (names taken apart), apidoc (a description as it was published), places,
reference, shape, server, listing and operation (what it says about one operation), naming, guess, field, route,
action (one operation as an entry), proposal (all of them), writer and cases (as text); observed, har, cluster and
learned (traffic instead of a description); coverage.
"""
