"""Databases that steps read and change.

In: one statement with its values, and who accepts what it found. Out: its rows, after a
transaction that was committed whole or not at all.
"""
