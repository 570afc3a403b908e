"""Names for things that happen: unique, and in the order of their making."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that is easily misread."""


def new_id(prefix: str) -> str:
    """A unique id such as `run-06b3x8s2k1m4c7q9`: 48 bits of milliseconds, 32 of chance."""
    number = (time.time_ns() // 1_000_000) << 32 | secrets.randbits(32)
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5)]
    return f"{prefix}-{''.join(digits)}"
