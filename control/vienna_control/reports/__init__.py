"""Reports for auditors: what happened in a period, every figure from one snapshot of the store.

Read in this order: ``content`` (what a report is made of), ``figures`` and ``lines`` (its sections, from the tables),
``signed`` (what the trail says of the period), ``worker`` (makes them, one after the other), ``as_csv`` and ``as_pdf``.
"""
