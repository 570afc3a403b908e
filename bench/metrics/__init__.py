"""A day of samples in three stores, and what each needs to take, keep and query them.

In: samples from one generator with a fixed seed. Out: times over HTTP, bytes on disk, memory,
and time to start, by opsbook, Prometheus and VictoriaMetrics; and whether they agree.
"""
