"""Rules: what they say, when they hold, and which of them is first.

Read in this order: ruleset (a bundle's rules as one), rule, condition, expression, field, operators, operand,
clock_time, subject, judge, index, limits; then api (the published dialects), trace, given, cases and lint.
"""
