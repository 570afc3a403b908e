"""Times as columns of a SQLite table hold them."""

from datetime import UTC, datetime

from opsbook.databases.maintain import Stored
from opsbook.databases.sqlite_file.session import quoted


def readable(column: str, stored: Stored) -> str:
    """The column as something that can be compared; NULL where it holds no such time.

    A text may have a `T` or a blank before its time: as texts, these could not be compared.
    """
    name = quoted(column)
    if stored == "time":
        return f"CASE WHEN typeof({name}) = 'text' THEN julianday({name}) END"
    return f"CASE WHEN typeof({name}) IN ('integer', 'real') THEN {name} END"


def moment(seconds: float, stored: Stored) -> str:
    """A parameter `?` to be compared with, as the value that goes there."""
    if stored == "time":
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return repr(seconds * 1000 if stored == "unix_milliseconds" else seconds)


def parameter(stored: Stored) -> str:
    """How the value of `moment` stands in a statement."""
    return "julianday(?)" if stored == "time" else "CAST(? AS REAL)"
