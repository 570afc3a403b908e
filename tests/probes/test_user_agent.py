"""The name that servers see."""

import re

from opsbook.probes.user_agent import USER_AGENT


def test_it_is_a_product_with_its_version() -> None:
    token = r"[!#$%&'*+.^_`|~\w-]+"  # RFC 9110, 5.6.2
    assert re.fullmatch(f"opsbook/{token}", USER_AGENT, re.ASCII)
