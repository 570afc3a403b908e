"""What PostgreSQL's own programs can do is asked of them."""

from pathlib import Path

import pytest

from opsbook.backups.postgresql.tools import newest_tools
from opsbook.backups.source import SourceError
from tests.backups.sources.work import make_work
from tests.servers.postgres import binaries


@pytest.mark.parametrize(("version", "known"), [(15, False), (17, True), (18, False)])
def test_they_say_whether_they_know_zstd(version: int, known: bool, tmp_path: Path) -> None:
    """18 is one that was built without."""
    work = make_work(tmp_path)
    assert newest_tools(binaries(version), work).know_zstd(work) is known


def test_asking_reaches_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services"
    services.write_text("[live]\nhostaddr=127.0.0.1\nport=1\ndbname=shop\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGSERVICE", "live")
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    work = make_work(tmp_path)
    assert newest_tools(binaries(17), work).know_zstd(work)


def test_who_is_stopped_while_asking_has_no_answer(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    tools = newest_tools(binaries(17), work)
    work.stopping.set()
    with pytest.raises(SourceError, match="stopped before it was done"):
        tools.know_zstd(work)
