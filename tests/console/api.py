"""What the API says, to hold a page against it, and what is done aside from the pages."""

from collections.abc import Mapping
from typing import Any

import httpx2

from opsbook.state.people import Role
from tests.console.stand import Stand


def get(platform: Stand, path: str, **query: str) -> Any:
    """The JSON below `/api/`, as a viewer gets it."""
    return _asked(platform, "GET", path, Role.VIEWER, params=query)


def post(
    platform: Stand, path: str, body: Mapping[str, Any] | list[Any], role: Role = Role.OPERATOR
) -> Any:
    """Send it below `/api/`, and give the answer's JSON."""
    return _asked(platform, "POST", path, role, json=body)


def delete(platform: Stand, path: str, role: Role = Role.OPERATOR) -> None:
    """What is below `/api/`."""
    _asked(platform, "DELETE", path, role)


def _asked(platform: Stand, method: str, path: str, role: Role, **more: Any) -> Any:
    answer = httpx2.request(
        method,
        f"{platform.address}/api/{path}",
        headers={"Authorization": f"Bearer {platform.tokens[role]}"},
        trust_env=False,
        timeout=60,
        **more,
    )
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None
