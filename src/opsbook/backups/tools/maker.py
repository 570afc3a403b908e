"""Whose something is, in its name: nothing has to be written down before it is made."""

import os
import re

from opsbook.core.procfs import ProcessIdentity, boot_id, identify

WHOSE = r"(?P<boot>[0-9a-f]{8})-(?P<pid>\d+)-(?P<start>\d+)"
"""What `whose` gives, as a pattern."""


def whose() -> str:
    """This process, unlike any other before and after it."""
    maker = identify(os.getpid())
    assert maker is not None
    return f"{maker.boot_id[:8]}-{maker.pid}-{maker.start_ticks}"


def is_dead(found: re.Match[str]) -> bool:
    """Whether the process that a name speaks of is no more."""
    if found["boot"] != boot_id()[:8]:
        return True
    return not ProcessIdentity(int(found["pid"]), int(found["start"]), boot_id()).alive()
