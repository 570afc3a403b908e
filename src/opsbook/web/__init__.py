"""What Opsbook shows over HTTP.

In: the watch, the services, the ledger and the samples as they stand. Out: `/-/healthy`,
`/-/ready`, `/metrics`, the API under `/api/` and Prometheus' under `/api/v1/`. Nothing here
changes state.
"""
