"""Snappy's block format, whose first bytes say how much will come out (format_description.txt)."""

import cramjam

from opsbook.metrics.remote.wire import WireError, varint


class TooLargeError(WireError):
    """More than is taken at once: to be sent in smaller pieces."""


def inflated(body: bytes, most: int) -> bytes:
    """Raises WireError, and TooLargeError before anything is inflated."""
    try:
        size, _ = varint(body, 0)
    except IndexError:
        raise WireError("the body is empty, or cut off in its first number") from None
    if size > most:
        raise TooLargeError(f"the body inflates to {size} bytes, more than {most}")
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise WireError(f"the body is not in snappy's block format: {error}") from None


def deflated(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
