"""Routing: the labels of an alert → the routes that it takes, and what keeps it quiet there.

In: the tree of routes, time intervals and inhibition rules of Alertmanager's configuration.
Out: for each alert its routes; for each route whether it is muted now; what inhibits what.
"""
