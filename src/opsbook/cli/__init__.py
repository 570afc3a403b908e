"""The command line: one file per command, imported only when it is called.

In: words typed. Out: calls into the application, text or JSON, and an exit code that says
what was found.
"""
