"""Prometheus' HTTP API over the store: its paths, its parameters, its JSON, its errors.

Source: the HTTP API page of Prometheus' documentation, version 3, and what Prometheus answers
where the page is silent.
"""
