"""The only place where rooms meet.

In: a book. Out: every room built, connected and running, until it is told to end.
"""
