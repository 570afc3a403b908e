"""HTTP checks with a new connection each: how many, and for how much CPU and memory.

In: a small fast HTTP server, and what checks it. Out: `rate`, the most checks per second on
one core; `steady`, what a thousand checks every ten seconds cost. The server counts what it
answered, so everybody's checks are counted the same way.
"""
