"""Commands that outlive who started them, and are started once.

In: an argument list and the id of a job. Out: its exit status and the head and tail of its
output, also after a crash of Opsbook in the meantime; or the honest word that nobody knows.

A job is a directory:

    go          who may start the command: made once, exclusively, by a wrapper
    started     the command's process, written before the command is let go
    output.N    what it wrote, from byte N on
    exit        how it ended, by rename

The wrapper (`wrapper.py`) is a small process of its own, between Opsbook and the command: it
keeps the exit status and the time-out when Opsbook is gone.
"""
