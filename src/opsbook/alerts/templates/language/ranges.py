"""What `range` goes over."""

from collections.abc import Iterable

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.values import Value, type_name


def items(value: Value, variables: int) -> Iterable[tuple[Value, Value]]:
    """Index and item; a map in the order of its keys; an int counts from 0, for one variable.

    Raises CallError.
    """
    match value:
        case None:
            return ()
        case bool():
            pass
        case list():
            return enumerate(value)
        case dict():
            return sorted(value.items())
        case int() if variables < 2:
            return ((index, index) for index in range(value))
    raise CallError(f"range goes over lists and maps, not over {type_name(value)}")
