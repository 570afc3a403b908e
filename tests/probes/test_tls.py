"""Trust: contexts for connections."""

import os
from pathlib import Path

import pytest

from opsbook.probes.probe import ProbeUnknownError
from opsbook.probes.tls import Trust
from tests.servers.certificate import certified


def test_a_context_is_made_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    trust = Trust(ca=certified(tmp_path).ca)
    first = trust.context("a")
    assert trust.context("another") is first
    os.utime(tmp_path / "ca.pem", ns=(1, 1))
    assert trust.context("a") is not first


def test_protocols_are_offered_only_where_they_are_asked_for() -> None:
    trust = Trust()
    assert trust.context("a", "h2") is not trust.context("a")
    assert trust.context("a", "h2") is trust.context("b", "h2")


def test_the_name_to_prove_is_the_hosts_unless_another_is_given() -> None:
    assert Trust().options("a", "h")["server_hostname"] == "h"
    assert Trust(server_name="other").options("a", "h")["server_hostname"] == "other"


def test_a_file_that_is_missing_is_named_and_so_is_what_was_looked_at(tmp_path: Path) -> None:
    trust = Trust(ca=certified(tmp_path).ca, certificate=tmp_path / "gone.pem")
    with pytest.raises(ProbeUnknownError, match=r"^h:443: cannot use \S+/gone.pem: No such file"):
        trust.context("h:443")


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ProbeUnknownError, match=r"^h:443: cannot use \S+/ca.pem: "):
        Trust(ca=tmp_path / "ca.pem").context("h:443")
