"""Times that a store takes."""

import time


def now() -> int:
    """Milliseconds since 1970, a little ago."""
    return round(time.time() * 1000) - 60_000
