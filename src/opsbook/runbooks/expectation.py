"""What a step's findings have to be, in the words of the conditions of checks."""

from collections.abc import Mapping

from opsbook.durable.values import Json
from opsbook.probes.conditions import Condition, Conditions
from opsbook.probes.model import State, Value
from opsbook.runbooks.action import ActionFailedError


def demand(
    subject: str,
    conditions: Mapping[str, Condition],
    found: Mapping[str, Value],
    result: Mapping[str, Json],
) -> None:
    """Raises ActionFailedError, with the actual values, unless every condition holds.

    A value that is missing holds only where its condition says so.
    """
    judged = Conditions(dict(conditions)).judge(dict(found))
    broken = [each for each in judged if each.state is not State.UP]
    if broken:
        raise ActionFailedError(f"{subject}: {'; '.join(map(str, broken))}", result)
