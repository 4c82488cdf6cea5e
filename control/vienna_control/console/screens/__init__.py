"""A module of pages for each area of the console."""
