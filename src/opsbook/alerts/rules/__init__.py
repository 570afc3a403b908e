"""What raises alerts: rules as Prometheus has them, KPIs that miss their targets, failing checks.

In: samples, how KPIs and checks stand. Out: alerts, told again and again while they last, and
once more when they have ended.
"""
