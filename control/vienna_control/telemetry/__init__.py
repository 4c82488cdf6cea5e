"""What operators see of the control plane itself; none of it is evidence, that is the trail.

Read in this order: ``counted`` (what is counted of committed units), ``metrics`` (all of them, and their page),
``moment`` (what is so when the page is read), ``listener`` (where it is read).
"""
