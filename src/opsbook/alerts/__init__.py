"""Alerts: rules hold or do not, and people hear of it once, by the way they chose.

In: alerting rules and samples, Alertmanager's configuration, silences. Out: alerts, pending and
firing; grouped notices to receivers; an entry in the ledger for each.
"""
