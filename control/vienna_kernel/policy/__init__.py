"""Rules: what they say, when they hold, and which of them is first.

Read in this order: ruleset (a bundle's rules as one), page, rule, limits, condition, expression, spelling, vocabulary,
field, kinds, operators, operand, clock_time, subject, judge, index, sieve; then api (the published dialects), trace,
given, expects, cases, schema; what check says: lint, warning, reach, worlds, sample, domain, names, loose.
"""
