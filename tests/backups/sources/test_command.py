import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.backups.source import SourceError
from tests.backups.sources.contract import Settings, SourceContract
from tests.backups.sources.work import Taken, make_source, make_work, take


class TestCommand(SourceContract):
    kind = "command"
    secret = "s3cret-of-the-command"

    @pytest.fixture
    def healthy(self, tmp_path: Path) -> Settings:
        (tmp_path / "data").write_bytes(b"worth keeping\n" * 10_000)
        return {
            "argv": ["gzip", "-c", str(tmp_path / "data")],
            "verify": ["gzip", "-t"],
            "restore": ["sh", "-c", "gzip -dc > '{target}'"],
        }

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Settings:
        (tmp_path / "token").write_text(self.secret)
        return {
            "argv": ["sh", "-c", "echo half of it; echo too bad, $TOKEN >&2; exit 3"],
            "environment": {"TOKEN": f"file:{tmp_path / 'token'}"},
        }

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> str:
        return str(tmp_path / "restored")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> str:
        (tmp_path / "filled").touch()
        return str(tmp_path / "filled")

    def test_a_failing_command_is_told_with_its_last_words(
        self, broken: Settings, tmp_path: Path
    ) -> None:
        with pytest.raises(SourceError, match=r"ended with status 3: too bad, \*\*\*"):
            take(make_source(self.kind, broken), make_work(tmp_path / "scratch"))

    def test_a_killed_command_is_an_error(self, tmp_path: Path) -> None:
        source = make_source(self.kind, {"argv": ["sh", "-c", "echo half; kill -9 $$"]})
        with pytest.raises(SourceError, match="killed by signal 9"):
            take(source, make_work(tmp_path / "scratch"))

    def test_a_command_without_output_is_an_error(self, tmp_path: Path) -> None:
        source = make_source(self.kind, {"argv": ["true"]})
        with pytest.raises(SourceError, match="wrote nothing"):
            take(source, make_work(tmp_path / "scratch"))

    def test_what_a_command_leaves_running_is_ended(self, tmp_path: Path) -> None:
        mark = tmp_path / "still-here"
        script = f"(sleep 1; touch {mark}) >/dev/null 2>&1 & echo done"
        source = make_source(self.kind, {"argv": ["sh", "-c", script]})
        assert take(source, make_work(tmp_path / "scratch")).content == {"output": b"done\n"}
        time.sleep(1.3)
        assert not mark.exists()

    def test_it_comes_back_as_it_was(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str
    ) -> None:
        source = make_source(self.kind, healthy)
        source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        assert Path(fresh).read_bytes() == (tmp_path / "data").read_bytes()

    @pytest.mark.parametrize("words", [["tee", "/srv/data"], []])
    def test_a_restore_without_a_target_is_refused(self, words: list[str]) -> None:
        settings: dict[str, Any] = {"argv": ["true"], "restore": words}
        with pytest.raises(ValidationError):
            make_source(self.kind, settings)
