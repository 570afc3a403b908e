"""`expire-certificate`"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from opsbook.drills.fault import Fault, FaultError, Place, Prepared
from opsbook.platforms.helixflow.certificates import ensure_certificates
from tests.drills.faults.contract import FaultContract, Settings, make_fault


class TestExpireCertificate(FaultContract):
    kind = "expire-certificate"
    hopeless = {"file": "no-such.crt", "key": "no-such.key"}

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        self._directory = tmp_path / "certs"
        self._directory.mkdir()
        ensure_certificates(self._directory)
        file = self._directory / "api-gateway.crt"
        file.chmod(0o640)
        os.utime(file, (1_700_000_000, 1_700_000_000))
        return {"file": "certs/api-gateway.crt", "key": "certs/api-gateway.key", "left": "2d"}

    def state(self, settings: Settings) -> object:
        found = {}
        for file in self._directory.iterdir():
            status = file.stat()
            owner = (status.st_uid, status.st_gid)
            found[file.name] = (file.read_bytes(), status.st_mode, owner, status.st_mtime_ns)
        return found

    async def test_it_has_the_same_name_and_key_and_little_time(
        self, fault: Fault, prepared: Prepared
    ) -> None:
        file = self._directory / "api-gateway.crt"
        before = x509.load_pem_x509_certificate(file.read_bytes())
        await fault.begin(prepared)
        hurt = x509.load_pem_x509_certificate(file.read_bytes())
        left = hurt.not_valid_after_utc - datetime.now(UTC)
        names = x509.SubjectAlternativeName
        assert timedelta(days=2, minutes=-1) < left <= timedelta(days=2)
        assert hurt.subject == before.subject
        assert hurt.public_key() == before.public_key()
        assert hurt.extensions.get_extension_for_class(names) == (
            before.extensions.get_extension_for_class(names)
        )
        assert file.stat().st_mode & 0o777 == 0o640

    async def test_behind_a_link_the_file_is_replaced_and_the_link_stays(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        link = tmp_path / "live.crt"
        link.symlink_to(self._directory / "api-gateway.crt")
        before = link.read_bytes()
        fault = make_fault(self.kind, {**settings, "file": "live.crt"}, tmp_path)
        prepared = await fault.prepare(place)
        await fault.begin(prepared)
        hurt = link.read_bytes()
        await fault.end(prepared)
        assert link.is_symlink()
        assert hurt != before
        assert link.read_bytes() == before

    async def test_what_somebody_renewed_meanwhile_stays(
        self, fault: Fault, prepared: Prepared
    ) -> None:
        file = self._directory / "api-gateway.crt"
        await fault.begin(prepared)
        file.write_bytes(b"a newer one")
        await fault.end(prepared)
        assert file.read_bytes() == b"a newer one"

    async def test_what_was_left_by_a_replacement_that_was_cut_off_is_removed(
        self, fault: Fault, prepared: Prepared, settings: Settings
    ) -> None:
        before = self.state(settings)
        (self._directory / ".api-gateway.crt.opsbook-drill").write_bytes(b"half of")
        await fault.end(prepared)
        assert self.state(settings) == before

    async def test_a_key_of_another_certificate_is_refused(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        fault = make_fault(self.kind, {**settings, "key": "certs/monitoring.key"}, tmp_path)
        with pytest.raises(FaultError, match="the key is not that of the certificate"):
            await fault.prepare(place)
