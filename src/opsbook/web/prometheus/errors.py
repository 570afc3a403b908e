"""Why a request was not answered, by the names and status codes of Prometheus' API."""

from typing import Literal

from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.store import StoreError, TooManySamplesError

ErrorType = Literal[
    "bad_data", "execution", "timeout", "canceled", "internal", "unavailable", "not_found"
]

_STATUS: dict[ErrorType, int] = {
    "bad_data": 400,
    "execution": 422,
    "timeout": 503,
    "canceled": 499,
    "internal": 500,
    "unavailable": 503,
    "not_found": 404,
}
_TOO_MANY = "query processing would load too many samples into memory in query execution"


class ApiError(OpsbookError):
    """A request that is refused. `type` is what the API calls `errorType`."""

    def __init__(
        self,
        type: ErrorType,  # noqa: A002 - the API's own word
        message: str,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.type = type
        self.status = status or _STATUS[type]


def invalid(parameter: str, reason: str) -> ApiError:
    return ApiError("bad_data", f'invalid parameter "{parameter}": {reason}')


def api_error(error: OpsbookError) -> ApiError:
    """What was raised below, as the API tells it."""
    match error:
        case ApiError():
            return error
        case QueryError():
            return ApiError(error.type, str(error))
        case TooManySamplesError():
            return ApiError("execution", _TOO_MANY)
        case StoreError():
            return ApiError("internal", str(error))
        case BadInputError():
            return ApiError("bad_data", str(error))
    return ApiError("internal", str(error))
