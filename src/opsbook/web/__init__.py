"""What Opsbook shows over HTTP.

In: the watch, the services and the ledger as they stand. Out: `/-/healthy`, `/-/ready`,
`/metrics`, and the API under `/api/`. Nothing here changes state.
"""
