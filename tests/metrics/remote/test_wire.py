"""Numbers and fields as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.remote.wire import (
    Field,
    WireError,
    encoded_bytes,
    encoded_varint,
    field_at,
    fields,
    signed,
    varint,
)


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=3))
def test_a_number_comes_back(number: int, after: bytes) -> None:
    written = encoded_varint(number)
    read, end = varint(written + after, 0)
    assert (signed(read), end) == (number, len(written))


def test_a_number_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(WireError, match="at byte 1 is longer than 64 bits"):
        varint(b"\0" + b"\xff" * 11, 1)


def test_fields_of_every_wire_type_are_passed_over() -> None:
    group = b"\x23" + b"\x08\x01" + b"\x2b\x2c" + b"\x24"
    data = b"\x08\x96\x01" + b"\x11" + b"8" * 8 + b"\x1a\x02hi" + group + b"\x35" + b"4" * 4
    assert [(each.number, each.wire) for each in fields(data, 0, len(data))] == [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 3),
        (6, 5),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x0a\x05abc", "at byte 0 goes beyond"),
        (b"\x09123", "at byte 0 goes beyond"),
        (b"\x08", "at byte 0 goes beyond"),
        (b"\x08\x80", "at byte 0 goes beyond"),
        (b"\x02\x00", "number 0"),
        (b"\x0e", "wire type 6"),
        (b"\x0c", "wire type 4"),
        (b"\x0b\x14", "not the one that began"),
        (b"\x0b" * 200, "wire type 3"),
        (b"\x0b" + b"\x10\x00" * 40_000 + b"\x0c", "longer than 65536 bytes"),
    ],
)
def test_damage_is_named_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        field_at(data, 0, len(data))


def test_a_field_of_bytes_knows_where_its_content_lies() -> None:
    data = b"xx" + encoded_bytes(3, b"hello")
    assert field_at(data, 2, len(data)) == Field(3, 2, 4, 9)
