"""Protocol buffers as bytes: numbers and fields of which every message is made.

Source: "Encoding" in the documentation of Protocol Buffers.
"""

from collections.abc import Iterator
from typing import NamedTuple

from opsbook.core.errors import BadInputError

VARINT, FIXED64, BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
_MASK = 2**64 - 1
_DEEPEST = 100
_LONGEST_GROUP = 65_536
"""Groups are long out of use; nobody may make us read one for minutes."""


class WireError(BadInputError):
    """Bytes that are no such message; the text says at which byte."""


class Field(NamedTuple):
    """One field of a message, and where its content lies."""

    number: int
    wire: int
    start: int
    end: int


def varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number and where it ends. Raises WireError, and IndexError at the data's end."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    second = data[at + 1]
    if second < 0x80:
        return first & 0x7F | second << 7, at + 2
    result, end = first & 0x7F | (second & 0x7F) << 7, at + 2
    for shift in range(14, 70, 7):
        byte = data[end]
        end += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & _MASK, end
    raise WireError(f"the number at byte {at} is longer than 64 bits")


def signed(number: int) -> int:
    """An int64 as it travels: in two's complement."""
    return number - 2**64 if number >= 2**63 else number


def encoded_varint(number: int) -> bytes:
    number &= _MASK
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encoded_bytes(number: int, content: bytes) -> bytes:
    """A field of text, of bytes, or of another message."""
    return encoded_varint(number << 3 | BYTES) + encoded_varint(len(content)) + content


def fields(data: bytes, at: int, end: int) -> Iterator[Field]:
    """The fields of the message in at ≤ byte < end. Raises WireError."""
    while at < end:
        field = field_at(data, at, end)
        yield field
        at = field.end


def field_at(data: bytes, at: int, end: int) -> Field:
    """The field that begins here and ends before `end`. Raises WireError."""
    try:
        key, start = varint(data, at)
        stop = _skipped(data, start, key, 0)
        if key & 7 == BYTES:
            start = varint(data, start)[1]
    except IndexError:
        stop = end + 1
    if stop > end:
        raise WireError(f"the field at byte {at} goes beyond the end of its message")
    if not key >> 3:
        raise WireError(f"the field at byte {at} has the number 0")
    return Field(key >> 3, key & 7, start, stop)


def _skipped(data: bytes, at: int, key: int, depth: int) -> int:
    """Where the content of a field ends."""
    wire = key & 7
    if wire == VARINT:
        return varint(data, at)[1]
    if wire == FIXED64:
        return at + 8
    if wire == _FIXED32:
        return at + 4
    if wire == BYTES:
        size, start = varint(data, at)
        return start + size
    if wire == _GROUP and depth < _DEEPEST:
        return _group_end(data, at, key, depth)
    raise WireError(f"the field that is read at byte {at} has the unknown wire type {wire}")


def _group_end(data: bytes, at: int, key: int, depth: int) -> int:
    longest = at + _LONGEST_GROUP
    while at < longest:
        inner, at = varint(data, at)
        if inner & 7 == _GROUP_END:
            if inner >> 3 != key >> 3:
                raise WireError(f"the group that ends at byte {at} is not the one that began")
            return at
        at = _skipped(data, at, inner, depth + 1)
    raise WireError(f"the group before byte {at} is longer than {_LONGEST_GROUP} bytes")
