"""What `query` gives."""

import pytest

from opsbook.alerts.templates.samples import Sample, samples_of
from opsbook.core.errors import BadInputError
from opsbook.metrics.promql.engine import Engine
from tests.metrics.memory import Memory


def _engine() -> Engine:
    memory = Memory()
    memory.add((("__name__", "up"), ("job", "a")), [(0, 1.0)])
    return Engine(memory)


def test_a_vector_is_its_samples_and_a_scalar_one_without_labels() -> None:
    assert samples_of(_engine().instant("up", 0)) == [
        Sample((("__name__", "up"), ("job", "a")), 1.0)
    ]
    assert samples_of(_engine().instant("1 + 1", 0)) == [Sample((), 2.0)]


@pytest.mark.parametrize(("expression", "kind"), [("up[5m]", "matrix"), ("'a'", "string")])
def test_anything_else_is_refused(expression: str, kind: str) -> None:
    with pytest.raises(BadInputError, match=kind):
        samples_of(_engine().instant(expression, 0))
