"""What changes, told to every open page within a second.

In: the living parts of the platform, read once whatever the number of pages, and the events that
say where to look. Out: `/api/live`: each item that changed, written as JSON once, to all who
listen. While nobody listens, nothing is read.
"""
