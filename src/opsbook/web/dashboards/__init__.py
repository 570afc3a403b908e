"""Grafana's dashboards, read as they are.

In: the JSON files that the book names. Out: a list of them with what is not understood of each,
and each as its file has it: the console draws them.
"""
