"""Which series a line is about."""

import pytest

from opsbook.metrics.exposition.heads import Head, Heads
from opsbook.probes.exposition import ExpositionError

STRING = rb'(?:[^"\\\n]++|\\[^\n])*+'
LOOSE = Heads(blank=rb" *+", string=STRING, quoted=STRING, comma=False)
STRICT = Heads(blank=rb"", string=STRING, quoted=STRING, comma=True)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (b"up 1", Head(b"up", [], 3)),
        (b'up { a = "b" c="d" , } 1', Head(b"up", [(b"a", b"b"), (b"c", b"d")], 23)),
        (b'{a="b","my \\"up\\""} 1', Head(b'my \\"up\\"', [(b"a", b"b")], 20)),
    ],
)
def test_a_head_ends_where_its_value_begins(body: bytes, head: Head) -> None:
    assert LOOSE.read(b"xx" + body, 2) == head._replace(end=head.end + 2)


def test_blanks_and_missing_commas_are_refused_where_the_format_is_strict() -> None:
    assert STRICT.read(b'up{a="b",c="d",} 1', 0).end == 16
    for body in (b'up{a="b" c="d"} 1', b'up{a="b"c="d"} 1', b'up{ a="b"} 1', b'up{a="b", } 1'):
        with pytest.raises(ExpositionError, match="expected a label or `}`"):
            STRICT.read(body, 0)


def test_a_message_shows_what_stands_there_and_no_more_than_the_line() -> None:
    with pytest.raises(ExpositionError, match=r"there is 'on earth!'$"):
        LOOSE.read(b"up{what on earth!\nup 1\n", 0)
