"""Services run under controllers; their death is an event, their restart is proved.

In: the book's services and the events of their checks. Out: services started in dependency
order, restarted within a budget, verified by their own checks, and an event for each step;
one that stays down needs a person and says so.
"""
