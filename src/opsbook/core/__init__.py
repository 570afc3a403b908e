"""What every room stands on: time, identity, errors, units, events, kinds and secrets.

In: nothing of Opsbook. Out: small pieces built on the standard library alone.
"""
