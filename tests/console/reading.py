"""What the API says, to hold a page against it."""

from typing import Any

import httpx2

from opsbook.state.people import Role
from tests.console.stand import Stand


def get(platform: Stand, path: str, **query: str) -> Any:
    """The JSON below `/api/`, as a viewer gets it."""
    answer = httpx2.get(
        f"{platform.address}/api/{path}",
        params=query,
        headers={"Authorization": f"Bearer {platform.tokens[Role.VIEWER]}"},
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()
