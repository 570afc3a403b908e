"""What DBOS says of itself, as far as anybody should hear it."""

import logging


class Quiet(logging.Filter):
    """Holds back what is said of runs that failed or were cancelled: their records have it."""

    _EXPECTED = ("RunFailedError", "DBOSAwaitedWorkflowCancelledError")
    _ROUTINE = ("Asyncio task cancelled", "no longer owned", "already exists in queue")

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__name__ in self._EXPECTED:
            return False
        return not any(words in record.getMessage() for words in self._ROUTINE)


def hush() -> None:
    """Before DBOS is made: without a handler it would put one of its own on the console."""
    theirs = logging.getLogger("dbos")
    if not any(isinstance(each, Quiet) for each in theirs.filters):
        theirs.addHandler(logging.NullHandler())
        theirs.addFilter(Quiet())
