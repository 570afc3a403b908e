"""What is kept on disk: the data directory, the database and the ledger.

In: things that happened. Out: the same things after any crash, in an order that nobody can
change unseen.
"""
