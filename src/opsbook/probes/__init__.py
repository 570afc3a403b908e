"""Probes look at one thing once; checks repeat them and decide what is believed.

In: the book's checks, each a probe with an interval and conditions. Out: outcomes, and an
event for each change of state, with the failing parent it is attributed to, if any.
"""
