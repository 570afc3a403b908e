"""One body, read line after line."""

from opsbook.metrics.exposition.model import Limits
from opsbook.metrics.exposition.scan import Known, Scan
from opsbook.metrics.exposition.text import Text


def scan(body: bytes, before: Known | None = None) -> Scan:
    return Scan(Text(), body, body.split(b"\n"), before or Known(), Limits())


def test_heads_say_what_a_line_has_to_begin_with() -> None:
    found = scan(b'# TYPE a gauge\na{b="c"} 1\na\t2 5\n\na+3')
    assert found.heads == [b"# TYPE a gauge\n", b'a{b="c"} ', b"a\t", b"\n", b"a+3\n"]
    assert found.lines == [1, 2, 4]


def test_all_but_the_last_line_of_a_head_have_to_stay_as_they_are() -> None:
    found = scan(b'a{b="x\ny\nup "} 1\nup 2')
    assert found.heads == [b'a{b="x\n', b"y\n", b'up "} ', b"up "]
    assert found.lines == [2, 3]


def test_a_known_head_gives_the_same_labels() -> None:
    first = scan(b'b 1\na{b="c"} 2 5\n')
    second = scan(b'a{b="c"} 7 8\nb 9\nc 3', first.known)
    assert second.series[0] is first.series[1]
    assert second.series[1] is first.series[0]


def test_a_head_is_known_after_the_same_kind_of_type_only() -> None:
    first = scan(b'x{le="1"} 1')
    second = scan(b'# TYPE x histogram\nx{le="1"} 1', first.known)
    assert [dict(found.series[0])["le"] for found in (first, second)] == ["1", "1.0"]


def test_what_does_not_come_again_is_forgotten() -> None:
    second = scan(b"b 1\n# b", scan(b"a 1\nb 1\n# a\n# b").known)
    assert list(second.known.series[None]) == [b"b "]
    assert list(second.known.notes) == [b"# b"]
