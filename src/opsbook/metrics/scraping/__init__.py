"""Scraping: targets are found, asked, and what they answer becomes samples.

In: Prometheus' `scrape_configs` (static and from files), relabelling rules. Out: rows in the
store, `up` and the `scrape_` series of each target, and how each target stands.
"""
