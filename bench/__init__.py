"""Benchmarks: Opsbook beside its peers, on this machine, in one run.

In: nothing but what is installed. Out: a table, and with `--json FILE` the same as data.
Nothing here passes or fails: a figure is for people to judge.
"""
