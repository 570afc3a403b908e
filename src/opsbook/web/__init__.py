"""What answers over HTTP.

In: the rooms as they stand, and requests of people and programs. Out: the console at `/`, its API
under `/api/`, live updates at `/api/live`, Prometheus' API under `/api/v1/`, Alertmanager's under
`/api/v2/`, `/metrics`, `/-/healthy`, `/-/ready`, and the public's status page. What changes
something is handed to the room that does it, with the name of who asked.
"""
