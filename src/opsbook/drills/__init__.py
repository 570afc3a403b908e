"""Drills: a fault made on purpose, always undone, and what was seen of it in time.

In: the book's `drills:` and who asks for one. Out: evidence in the ledger: how long it took to
detect, to tell and to recover.
"""
