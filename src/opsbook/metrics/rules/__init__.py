"""Rules: files as Prometheus has them → groups that are evaluated at their interval.

In: rule files and a store. Out: samples of recording rules; the state of every rule and group.
"""
