"""Templates: texts with values in them, as Prometheus' rules and Alertmanager's notices have them.

In: a template's text, an alert or a notice. Out: text. The language is Go's `text/template`.
"""
