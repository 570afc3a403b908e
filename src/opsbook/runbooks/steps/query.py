"""`query`: an expression is evaluated over the platform's metrics now."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from opsbook.durable.values import Json
from opsbook.probes.conditions import Condition
from opsbook.runbooks.action import Action, ActionFailedError
from opsbook.runbooks.context import Context
from opsbook.runbooks.expectation import demand
from opsbook.runbooks.fitting import fitted, number
from opsbook.runbooks.stopping import unless_stopped
from opsbook.runbooks.template import Template

_MOST_SERIES = 100

Series = Sequence[tuple[Mapping[str, str], float]]


class Query(Action):
    """Evaluates a PromQL expression now; every series must be what is expected."""

    expression: Template
    """PromQL that gives a vector or a number."""
    expect: Condition | None = None
    """What the value of each series has to be, as in the conditions of checks."""
    may_be_empty: bool = False
    """Whether it is fine that there is no such series, which else is unknown, and a failure."""

    gives: ClassVar[Mapping[str, str]] = {
        "value": "the value, where there is exactly one series",
        "series": f"the first {_MOST_SERIES} series, each with its labels and its value",
        "count": "number of series that have a value",
    }

    @property
    def subject(self) -> str:
        return f"query {self.expression}"

    async def carry_out(self, context: Context) -> dict[str, Json]:
        query = context.hands.query(context.text(self.expression))
        found = await unless_stopped(context, self.subject, query)
        # Not a number is no value: 0 / 0 says nothing about what it was asked for.
        series = [each for each in found if not math.isnan(each[1])]
        result = _result(series)
        if not series and not self.may_be_empty:
            said = "unknown: no series has a value; was it ever measured?"
            raise ActionFailedError(f"{self.subject}: {said}", result)
        for labels, value in series if self.expect else ():
            self._demand(labels, value, result)
        return result

    def _demand(self, labels: Mapping[str, str], value: float, result: dict[str, Json]) -> None:
        assert self.expect is not None
        which = ", ".join(f"{name}={text}" for name, text in labels.items() if name != "__name__")
        demand(f"{self.subject} {{{which}}}", {"value": self.expect}, {"value": value}, result)


def _result(series: Series) -> dict[str, Json]:
    told = fitted({"labels": dict(labels), "value": number(value)} for labels, value in series)
    result: dict[str, Json] = {"count": len(series), "series": told[:_MOST_SERIES]}
    return result | {"value": number(series[0][1])} if len(series) == 1 else result
