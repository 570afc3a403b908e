"""Certificates that cannot be shown."""

from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.web.settings import TlsSettings
from opsbook.web.tls import tls_context
from tests.servers.certificate import Authority, certified


def test_what_cannot_be_used_is_told_with_both_files(tmp_path: Path) -> None:
    good = certified(tmp_path).server
    other = Authority("other").issue(tmp_path / "other.pem", "127.0.0.1")
    empty = tmp_path / "empty.pem"
    empty.touch()
    for certificate, key in ((tmp_path / "none.pem", good), (good, other), (empty, good)):
        with pytest.raises(BadInputError, match=r"web.tls: .* with .* cannot be used: "):
            tls_context(TlsSettings(certificate=certificate, key=key))
