"""Runbooks: procedures that state what must hold before, what they do, and what proves it.

In: a runbook of the book, parameters, who asks and why; a confirmation or an approval where its
class wants one. Out: a run, carried to its end whatever dies; for every step what was found
before, what was done, what proved it and how it was taken back; an entry in the ledger for each.
"""
