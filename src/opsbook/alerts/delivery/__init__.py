"""Delivery: alerts that came → notices that arrived.

In: alerts, silences, acknowledgements, the tree of routes and its receivers. Out: one notice
for each group and receiver when there is something new to tell, written down before it is
sent, and what the receiver answered. The state machines here are synchronous and take the
time as an argument; `service.py` drives them.
"""
