"""How the work of a step ended, as it is recorded: failing is a result too."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from opsbook.core.errors import OpsbookError
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from opsbook.runbooks.bounded import bounded

logger = logging.getLogger(__name__)


async def settled(work: Callable[[], Awaitable[Mapping[str, Json]]]) -> Json:
    """Carry it out; raises only when cancelled, and when Opsbook's own database is away: that is
    no end of the work, and could not be recorded as one."""
    try:
        return {"result": bounded(await work())}
    except (DurableError, InterfaceError, OperationalError):
        raise
    except ActionUnknownError as error:
        return {"unknown": str(error)}
    except ActionFailedError as error:
        return {"failed": str(error), "result": bounded(error.result)}
    except OpsbookError as error:
        return {"failed": str(error), "result": {}}
    except Exception as error:
        logger.warning("a step failed in an unforeseen way", exc_info=error)
        return {"failed": f"{type(error).__name__}: {error}", "result": {}}


def opened(envelope: Json) -> dict[str, Json]:
    """The result. Raises ActionFailedError and ActionUnknownError as they were recorded."""
    assert isinstance(envelope, Mapping)
    if "unknown" in envelope:
        raise ActionUnknownError(str(envelope["unknown"]))
    result: Any = envelope.get("result") or {}
    if "failed" in envelope:
        raise ActionFailedError(str(envelope["failed"]), result)
    return dict(result)
