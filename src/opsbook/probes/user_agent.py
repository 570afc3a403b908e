"""How probes name themselves to the servers that they ask."""

import opsbook

USER_AGENT = f"opsbook/{opsbook.__version__}"
"""So that an access log tells whose requests these are (RFC 9110, 10.1.5)."""
