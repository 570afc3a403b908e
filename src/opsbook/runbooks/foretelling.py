"""What a step would change, as far as it can be told now."""

import asyncio
from dataclasses import replace

from opsbook.core.errors import OpsbookError
from opsbook.runbooks.action import Action, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.fitting import head

PATIENCE = 10.0
"""Seconds."""
_LONGEST = 1000
"""Characters of how something is, or will be."""


async def foretold(action: Action, context: Context) -> tuple[Change | None, str]:
    """The change, none where nothing changes; and why that cannot be told, if so."""
    try:
        async with asyncio.timeout(PATIENCE):
            change = await action.preview(replace(context, within=PATIENCE))
    except (OpsbookError, TimeoutError) as error:
        return None, str(error) or "it took too long to find out"
    if change is None:
        return None, ""
    return Change(change.what, head(change.before, _LONGEST), head(change.after, _LONGEST)), ""
