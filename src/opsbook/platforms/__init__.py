"""Reference platforms: each a book and a small living stand-in that speaks the real protocols.

In: a directory. Out: a platform in it that a book can run: for demos, for tests, and as a book
to start from. Nothing in the product imports this room but the commands that set it up.
"""
