"""The models of the platform. One is offered and does not fit: some requests do fail."""

OFFERED = ("helix-7b", "helix-13b", "helix-70b")
MOST_TOKENS = 256
"""Words in one answer."""
TOO_LARGE = "helix-70b"
"""The gateway lists it, the pool has no memory for it: what asks for it ends in an error."""
