"""Who watches the watcher: a heartbeat to the outside, and a page a day that is answered.

Both come from inside: whoever waits for them must be somebody else.
"""
