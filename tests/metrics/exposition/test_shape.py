"""A body tells whether the next one has its shape."""

import pytest

from opsbook.metrics.exposition.model import Limits
from opsbook.metrics.exposition.scan import Known, Scan
from opsbook.metrics.exposition.shape import Shape
from opsbook.metrics.exposition.text import Text

BODY = b'# TYPE a gauge\na{b="c"} 1\na 2\na+3'
FORMAT = Text()


@pytest.fixture
def shape() -> Shape:
    lines = BODY.split(b"\n")
    return Shape(FORMAT, lines, Scan(FORMAT, BODY, lines, Known(), Limits()))


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (BODY, [1, 2]),
        (BODY.replace(b"a 2", b"a -5 6"), [1, -5]),
        (BODY.replace(b"} 1", b"}  7 \t"), [7, 2]),
    ],
)
def test_other_values_are_taken(shape: Shape, body: bytes, values: list[float]) -> None:
    assert shape.update(body.split(b"\n"))
    assert shape.exposition().values.tolist() == values


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"gauge", b"counter"),
        (b"# TYPE a gauge\n", b""),
        (b"a 2", b"a 2\n"),
        (b"a 2", b"b 2"),
        (b"a 2", b"aa 2"),
        (b"a 2", b"a two"),
        (b"a 2", b"a {} 2"),
        (b"a 2", b"a "),
        (b"a+3", b"a+31 5"),
        (b"a+3", b"a+4"),
        (b'"c"}', b'"c\n"}'),
    ],
)
def test_another_shape_is_none_and_changes_nothing(shape: Shape, old: bytes, new: bytes) -> None:
    assert not shape.update(BODY.replace(b"} 1", b"} 9").replace(old, new).split(b"\n"))
    assert shape.exposition().values.tolist() == [1, 2]
