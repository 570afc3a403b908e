"""Alertmanager's HTTP API, version 2: what `amtool`, Prometheus and dashboards speak."""
