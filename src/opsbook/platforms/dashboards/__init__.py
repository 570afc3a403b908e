"""Dashboards of the manuals as JSON of Grafana: to copy, and to name in a book."""
