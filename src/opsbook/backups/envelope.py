"""The manifest as an object: every bit of it counts, so that none can change unseen."""

import hashlib
import json
from typing import Any

from pydantic import ValidationError

from opsbook.backups.manifest import FORMAT, Manifest
from opsbook.core.errors import OpsbookError

MANIFEST = "manifest.json"
"""The name of the object, below the backup's own prefix."""
LARGEST = 64 << 20
"""Bytes that are read of one: what is larger is none."""


class ManifestError(OpsbookError):
    """It is not what was written, or a newer Opsbook wrote it."""


def render(manifest: Manifest) -> bytes:
    """With the SHA-256 of itself."""
    content = _canonical(manifest.model_dump(mode="json"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f'{{"manifest":{content},"sha256":"{digest}"}}\n'.encode()


def parse(written: bytes) -> Manifest:
    """Raises ManifestError where a single bit is another than was written."""
    try:
        known: Any = json.loads(written)
        if known["manifest"]["format"] > FORMAT:
            raise ManifestError(
                f"format {known['manifest']['format']}, this opsbook knows {FORMAT}; "
                "install the newer opsbook that wrote it"
            )
        manifest = Manifest.model_validate(known["manifest"])
    except (ValueError, TypeError, KeyError, ValidationError):
        raise ManifestError("the manifest is damaged: it cannot be read") from None
    if render(manifest) != written:
        raise ManifestError("the manifest is damaged: it is not what was written")
    return manifest


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
