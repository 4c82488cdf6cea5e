"""What one request asks for in the words of its protocol: one part for each thing it would do.

Read in this order: part (what every reader gives), reader (what one is), a module for each protocol, read (the table).
"""
