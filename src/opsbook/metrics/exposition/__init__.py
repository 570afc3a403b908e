"""Exposition formats: bytes of a whole scrape → series, values and metadata.

Prometheus' text format 0.0.4 and 1.0.0, and OpenMetrics 1.0. What each target sends again and
again is parsed once: lines are remembered by what stands before their value.
"""
