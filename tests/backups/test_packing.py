"""Compression and encryption, both ways, and what was changed in between."""

import contextlib
import io

import pyrage  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from opsbook.backups.packing import PackingError, compress, decompress, decrypt, encrypt

IDENTITY = pyrage.x25519.Identity.generate()
PUBLIC = str(IDENTITY.to_public())
CONTENT = b"".join(b"line %d of many\n" % number for number in range(200_000))


def blocks(content: bytes) -> list[bytes]:
    return [content[at : at + 70_000] for at in range(0, len(content), 70_000)]


SHORT = CONTENT[:20_000]
SHORT_PACKED = b"".join(compress(iter([SHORT]), 3))


def encrypted(content: bytes = CONTENT) -> bytes:
    return b"".join(encrypt(iter(blocks(content)), [PUBLIC]))


def decrypted(content: bytes, key: str = str(IDENTITY)) -> bytes:
    return b"".join(decrypt(io.BytesIO(content), key))


@pytest.mark.parametrize("content", [b"", b"a", CONTENT])
def test_what_was_compressed_comes_back(content: bytes) -> None:
    packed = b"".join(compress(iter(blocks(content)), 3))
    assert b"".join(decompress(io.BytesIO(packed))) == content


@pytest.mark.parametrize("content", [b"", b"a", CONTENT])
def test_what_was_encrypted_comes_back(content: bytes) -> None:
    assert decrypted(encrypted(content)) == content


def test_a_frame_that_was_cut_off_is_told() -> None:
    packed = b"".join(compress(iter(blocks(CONTENT)), 3))
    with pytest.raises(PackingError):
        b"".join(decompress(io.BytesIO(packed[:-1])))


@given(st.integers(0, len(SHORT_PACKED) * 8 - 1))
def test_a_bit_flipped_in_a_frame_is_told_or_changes_nothing(bit: int) -> None:
    """The manifest keeps no hash of what we compressed: the frame's checksum is that hash."""
    packed = bytearray(SHORT_PACKED)
    packed[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(PackingError):
        assert b"".join(decompress(io.BytesIO(packed))) == SHORT


def test_a_frame_holds_a_checksum_of_its_content() -> None:
    assert zstandard.get_frame_parameters(SHORT_PACKED).has_checksum


def test_what_stands_behind_the_frame_is_told() -> None:
    packed = b"".join(compress(iter(blocks(CONTENT)), 3))
    with pytest.raises(PackingError):
        b"".join(decompress(io.BytesIO(packed + b"more")))


def test_any_private_key_of_the_recipients_opens_it() -> None:
    other = pyrage.x25519.Identity.generate()
    both = b"".join(encrypt(iter([b"secret"]), [PUBLIC, str(other.to_public())]))
    assert decrypted(both) == decrypted(both, str(other)) == b"secret"


def test_another_key_opens_nothing() -> None:
    with pytest.raises(PackingError):
        decrypted(encrypted(), str(pyrage.x25519.Identity.generate()))


@pytest.mark.parametrize("at", [0, 50, 5_000, -1])
def test_a_flipped_bit_is_told(at: int) -> None:
    wrong = bytearray(encrypted())
    wrong[at] ^= 1
    with pytest.raises(PackingError):
        decrypted(bytes(wrong))


def test_a_failing_source_fails_as_itself() -> None:
    def failing() -> "object":
        yield b"begin"
        raise OSError("the pipe broke")

    with pytest.raises(OSError, match="the pipe broke"):
        b"".join(encrypt(failing(), [PUBLIC]))  # type: ignore[arg-type]
