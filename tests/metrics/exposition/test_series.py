"""Heads become labels."""

import pytest

from opsbook.core.labels import NAME
from opsbook.metrics.exposition.heads import Head
from opsbook.metrics.exposition.series import Naming, unescaped, unescaped_help
from opsbook.probes.exposition import ExpositionError


def test_labels_are_sorted_and_unescaped() -> None:
    head = Head(b"up", [(b"z", rb"\\\"\n\d"), (b"a", b"\xc3\xa9"), (b"b", b"")], 0)
    labels = Naming().labels(head, None)
    assert labels == ((NAME, "up"), ("a", "é"), ("b", ""), ("z", '\\"\n\\d'))


def test_equal_texts_are_one_object() -> None:
    naming = Naming()
    one, other = (naming.labels(Head(b"up", [(b"a", b"some text")], 0), None) for _ in range(2))
    assert one[1][1] is other[1][1]


@pytest.mark.parametrize("name", [b"a", NAME.encode()])
def test_a_label_may_stand_there_once(name: bytes) -> None:
    with pytest.raises(ExpositionError, match=f"label '{name.decode()}' stands there twice"):
        Naming().labels(Head(b"up", [(b"a", b"b"), (name, b"c")], 0), None)


def test_only_the_label_that_holds_a_bound_is_written_anew() -> None:
    labels = Naming().labels(Head(b"up", [(b"le", b"1"), (b"a", b"1")], 0), "le")
    assert dict(labels) == {NAME: "up", "le": "1.0", "a": "1"}


def test_quotes_are_escaped_in_labels_and_not_in_help() -> None:
    assert unescaped(rb"\"\\\n\x") == '"\\\n\\x'
    assert unescaped_help(rb"\"\\\n\x") == '\\"\\\n\\x'
