"""Work that is carried to its end whatever dies: runs with checkpoints, and detached commands.

In: a function, an input and an id. Out: the same run once, each of its steps recorded once, and
what it was waiting for when it was killed; commands that outlive who started them.
"""
