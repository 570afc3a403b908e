"""How checks and services stood over time, told from the ledger.

In: its entries of watches, checks and services. Out: bars, each with the worst state that was
held in it and what caused it, and the availability.
"""
