import pytest

from opsbook.backups.rdb.crc import Crc64

_CONTENT = bytes(range(256)) * 10_000


def crc(*blocks: bytes) -> int:
    made = Crc64()
    for block in blocks:
        made.update(block)
    return made.value


def by_the_bit(content: bytes) -> int:
    """As the definition has it: polynomial of Jones, reflected."""
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x95AC9329AC4BC9B5 if value & 1 else 0)
    return value


def test_the_check_value_of_redis_own_test() -> None:
    assert crc(b"123456789") == 0xE9C6D914C4B8D9CA


@pytest.mark.parametrize("length", [0, 1, 2, 255, 256, 257, 5000])
def test_any_length_is_summed_as_the_definition_has_it(length: int) -> None:
    content = _CONTENT[3 : 3 + length]
    assert crc(content) == by_the_bit(content)


@pytest.mark.parametrize("cut", [1, 1000, 1024 * 1024, 1024 * 1024 + 1, 2_000_003])
def test_it_does_not_matter_how_content_is_cut(cut: int) -> None:
    assert crc(_CONTENT[:cut], _CONTENT[cut:]) == crc(_CONTENT)
