"""Databases: their care, and what it did.

In: a database of the book. Out: a report of how it stands; maintenance, each step with its own
result, before and after; advice that nobody carries out unasked.
"""
