"""Configuration: Alertmanager's file as it is → what delivery works by.

In: `alertmanager.yml`, or the same keys under the book's `alerts`. Out: the tree of routes,
receivers with their entries, time intervals, inhibition rules; or every problem with its place.
"""
