"""The manifest as an object."""

import pytest

from opsbook.backups.envelope import ManifestError, parse, render
from opsbook.backups.manifest import Manifest, ManifestFile

MANIFEST = Manifest(
    platform="shop",
    set="orders",
    id="20261121-023000",
    kind="sqlite",
    source="/srv/shop.db",
    retention="daily",
    host="näht",
    opsbook="1",
    began_at="2026-11-21T02:30:00.000Z",
    ended_at="2026-11-21T02:30:01.000Z",
    consistent_at=None,
    versions={"sqlite": "3"},
    counts={"orders": 3},
    schema_hash=None,
    recipients=[],
    remarks=["what\nis odd"],
    details={"order": [1, 2.5, None]},
    files=[
        ManifestFile(
            name="a.zst",
            part="a",
            size=1,
            sha256="00",
            content_size=2,
            content_sha256="ff",
            compression="zstd",
            encryption="none",
        )
    ],
)


def test_what_was_written_is_read() -> None:
    assert parse(render(MANIFEST)) == MANIFEST


def test_every_bit_of_it_counts() -> None:
    whole = render(MANIFEST)
    for at in range(len(whole)):
        for bit in range(8):
            wrong = bytearray(whole)
            wrong[at] ^= 1 << bit
            with pytest.raises(ManifestError):
                parse(bytes(wrong))


def test_a_newer_format_says_what_to_do() -> None:
    with pytest.raises(ManifestError, match="install the newer opsbook"):
        parse(render(MANIFEST.model_copy(update={"format": 2})))
