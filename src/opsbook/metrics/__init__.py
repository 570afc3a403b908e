"""Metrics: samples are kept, and PromQL asks about them.

In: scrapes, pushes and the outcomes of checks. Out: vectors and matrices of numbers, by
expression, with the semantics of Prometheus 3.
"""
