"""People are told what a step is about, not how the book writes it."""

from pathlib import Path

from opsbook.core.secrets import Secret
from opsbook.runbooks.steps.command import Command
from opsbook.runbooks.telling import told


def command(*words: str) -> Command:
    return Command.model_validate({"argv": list(words)}, context={"directory": Path()})


def test_what_is_known_is_filled_in() -> None:
    assert told(command("drop", "{{ table }}"), {"table": "old"}) == "drop 'old'"


def test_what_is_not_known_yet_stays_as_it_is_written() -> None:
    written = command("drop", "{{ steps.look.output }}")
    assert told(written, {"steps": {}}) == written.subject


def test_secrets_are_masked(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("swordfish-7", encoding="utf-8")
    revealed = Secret(f"file:{tmp_path / 'key'}").reveal()
    assert "swordfish" not in told(command("login", "{{ key }}"), {"key": revealed})
