"""From SIGKILL of a service to the answer of the next one, as several watchers do it.

In: a service, a watcher that keeps it. Out: for each kill, milliseconds until a process with
another number answers, seen from outside and the same way for everybody.
"""
