"""Programs of the platform's own: they end, and 0 means that they did what they were for."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from opsbook.services.controller import ControllerError
from opsbook.services.output import Output
from opsbook.services.programs import Programs, ScaleWords


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path, {"WHERE": "here"}, Output(tmp_path / "a.log"), 2.0)


async def test_a_number_is_an_argument_and_no_shell_reads_it(
    programs: Programs, tmp_path: Path
) -> None:
    await programs.scale(["sh", "-c", 'printf "%s " "$@" > told', "sh", "--at={replicas};x"], 3)
    assert (tmp_path / "told").read_text() == "--at=3;x "


async def test_what_it_said_when_it_failed_is_told(programs: Programs) -> None:
    with pytest.raises(ControllerError, match="sh exited with 3: not here"):
        await programs.must(["sh", "-c", "echo not $WHERE; exit 3"])


async def test_a_count_is_not_mixed_with_what_the_service_writes(
    programs: Programs, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("7\n")
    assert await programs.count(["echo", "12"]) == 12
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.log"]


async def test_a_count_that_failed_is_told(programs: Programs) -> None:
    with pytest.raises(ControllerError, match="sh exited with 1: gone"):
        await programs.count(["sh", "-c", "echo gone; exit 1"])


def test_a_scale_without_the_place_of_a_number_is_refused() -> None:
    words = TypeAdapter(ScaleWords)
    assert words.validate_python(["more", "--at={replicas}"]) == ["more", "--at={replicas}"]
    with pytest.raises(ValidationError, match=r"no argument holds \{replicas\}"):
        words.validate_python(["more", "3"])
