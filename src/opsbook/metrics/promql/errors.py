"""Why a query was not answered, in the words of Prometheus' API."""

from typing import Literal

from opsbook.core.errors import OpsbookError

ErrorType = Literal["bad_data", "execution", "timeout", "canceled"]


class QueryError(OpsbookError):
    """A query was refused or stopped. `type` is what Prometheus' API calls `errorType`."""

    def __init__(self, type: ErrorType, message: str) -> None:  # noqa: A002 - the API's own word
        super().__init__(message)
        self.type = type


def bad_query(message: str) -> QueryError:
    return QueryError("bad_data", message)


def failed(message: str) -> QueryError:
    return QueryError("execution", message)
