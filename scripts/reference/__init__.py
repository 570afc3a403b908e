"""Writes docs/reference/ from the code.

In: the classes of the book, the kinds, the commands, the API. Out: Markdown pages, the same
ones from the same code, so that a test can tell a stale page.
"""
