"""The embedded store's parts: log, head, blocks and what finds series in them.

In: rows of values of one group at one time. Out: frames.
"""
