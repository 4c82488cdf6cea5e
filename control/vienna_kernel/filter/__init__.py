"""The filter language: what somebody types into a search box, as conditions on what a list shows.

``key`` (what may be asked of which screen), ``term`` (what a filter says, and how it is written), ``word`` (the text
cut into words), ``read`` (the grammar), ``span`` (the time it is about).
"""
