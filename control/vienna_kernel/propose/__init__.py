"""A mapping file proposed, to be reviewed: from the description of an API, or from recorded traffic.

Nothing here decides anything: what is proposed is text that a person reads, and every guess in it says what it was
guessed from. Read in this order: words (names taken apart); yamltext, places, apidoc (a description as it was
published); reference, shape, server, listing, operation (what it says about one operation); naming, guess,
surroundings, field, body, route, inputs, echo, draft (one operation as an action); importer, proposal (all of them);
yamlwriter, writer, sample, example, cases, finish (as files that hold); observed, har, cluster, learned (traffic
instead of a description); against, coverage.
"""
