"""HelixFlow: an AI inference platform of five processes, SQLite and its own certificates.

In: a directory and ports (`home.prepare`). Out: a home with programs, certificates, data and
a book, in which `faults.hurt` breaks one service in a chosen way and `faults.heal` mends it.
"""
