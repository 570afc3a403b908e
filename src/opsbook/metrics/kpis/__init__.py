"""KPIs: what a platform owes, as expressions with a target and bands.

In: the book's `kpis:` and samples. Out: for each KPI its value, how it stands and since when,
as samples and for people.
"""
