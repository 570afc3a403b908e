"""The reference is complete, and as the code has it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel
from scripts.reference.book import sections
from scripts.reference.kinds import unit
from scripts.reference.ledger import entry_kinds
from scripts.reference.places import own_sections, shared_sections
from scripts.reference.plugs import EXAMPLES
from scripts.reference.settings import meaning, settings

from opsbook.app.book import Book, read_book
from opsbook.probes.probe import probe_kinds
from tests.cli.run import opsbook, opsbook_up
from tests.docs.plugs import KINDS, REGISTRIES, used
from tests.docs.secrets import set_secrets
from tests.services.platform import one_service

ROOT = Path(__file__).parents[2]
SAYS_IT_ALL = {"host", "port", "user", "password", "path", "url", "database", "title"}
PROBES = {kind: probe_kinds.load(kind) for kind in probe_kinds.names()}
HOLDERS: dict[str, type[BaseModel]] = {
    f"{plugs} {kind}": REGISTRIES[plugs].load(kind) for plugs, kind in KINDS
}
HOLDERS |= {f"section {name}": cls for name, cls in shared_sections(HOLDERS.values())}
SECTIONS: dict[str, type[BaseModel]] = {
    **HOLDERS,
    **{f"{of} {name}": cls for of, holder in HOLDERS.items() for name, cls in own_sections(holder)},
    **dict(sections(Book)),
}
QUANTITY = {"time", "memory", "space", "size", "share", "long"}
"""Words near the beginning of a meaning which say that what is measured has a unit."""
OTHER_UNITS = re.compile(r"_(ms|msec|millis|s|secs|sec|minutes|hours|kb|mb|gb|kib|mib|pct|ratio)$")


def test_no_page_is_stale() -> None:
    command = [sys.executable, "-m", "scripts.reference", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(("plugs", "kind"), KINDS)
def test_every_kind_has_an_example_that_uses_it_and_loads(
    plugs: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = EXAMPLES / plugs / f"{kind}.yaml"
    set_secrets(file.read_text(encoding="utf-8"), monkeypatch)
    assert kind in used(plugs, read_book(file))


def test_no_example_is_left_of_a_kind_that_is_gone() -> None:
    found = {(file.parent.name, file.stem) for file in EXAMPLES.rglob("*.yaml")}
    assert found == set(KINDS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_its_meaning(section: str) -> None:
    untold = [
        name
        for name, hint, info in settings(SECTIONS[section])
        if not meaning(hint, info) and name not in SAYS_IT_ALL
    ]
    assert untold == []


@pytest.mark.parametrize("kind", PROBES)
def test_every_measurement_has_a_meaning_and_quantities_a_unit(kind: str) -> None:
    for name, told in PROBES[kind].measures.items():
        assert told, name
        assert not OTHER_UNITS.search(name), f"{name}: base units are seconds, bytes, percent"
        if QUANTITY & set(told.split()[:3]):
            assert unit(name), f"{name} ({told}) has no unit at its end"


def test_the_ledger_page_has_every_kind_that_a_watch_writes(tmp_path: Path) -> None:
    book, data = one_service(tmp_path), tmp_path / "data"
    with opsbook_up(book, data):
        pass
    opsbook("down", book, "--data", data)
    shown = opsbook("ledger", "show", "--data", data).stdout
    written = {line.split()[2] for line in shown.splitlines()}
    assert {"watch.started", "service.verified", "service.stopped"} <= written
    assert written <= {kind.name for kind in entry_kinds()}
