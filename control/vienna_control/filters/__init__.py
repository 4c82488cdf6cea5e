"""Filters on what lists show: the kernel's filter language as conditions of the database.

``condition`` (what a filter asks of a row), ``traffic``, ``inbox`` and ``trail`` (what their keys ask), ``kept``
(filters that people keep). A list asks them through ``api.window``, at a bounded cost.
"""
