"""Responses: what fires or died is mended first by a runbook, and people are told if that fails.

It announces nothing: what it does are runs, notices and incidents, which the ledger tells.
"""
