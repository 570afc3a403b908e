"""Incidents: what people deal with, from the first alert to the lessons learned.

In: alerts that fire, deaths that the restart policy could not mend, and people. Out: incidents
with their timelines, pages to whoever is next, and how fast all of that went.
"""
