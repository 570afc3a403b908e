"""Files of other programs' making: read as they are, and what is wrong is told with its place."""

from pathlib import Path

import pytest
from pydantic import RootModel

from opsbook.book.load import load_document
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source


class Group(Section):
    targets: list[str]
    labels: dict[str, str] = {}


class Groups(RootModel[list[Group]]):
    pass


class Config(Section):
    groups: list[Group] = []
    include: str = ""


def test_any_value_may_be_the_root(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    file.write_text('[{"targets": ["a:1"], "labels": {"env": "prod"}}]')
    assert load_document(file, Groups)[0].root == [Group(targets=["a:1"], labels={"env": "prod"})]


def test_no_key_means_anything_here(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("include: none.yml\n")
    assert load_document(file, Config)[0].include == "none.yml"


def test_an_unknown_key_is_told_with_its_place_and_the_nearest_known(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    file.write_text("groups:\n  - targets: []\n    lables: {}\n")
    with pytest.raises(BookError) as caught:
        load_document(file, Config)
    expected = "groups[0].lables: unknown key (got 'lables'), did you mean labels?"
    assert str(caught.value) == f"{file}:3:5 {expected}"


def test_it_is_so_in_a_list_at_the_root_too(tmp_path: Path) -> None:
    file = tmp_path / "targets.yml"
    file.write_text("- targets: []\n  lables: {}\n")
    with pytest.raises(BookError, match=r"\[0\]\.lables: unknown key .* did you mean labels"):
        load_document(file, Groups)


def test_rules_have_their_say(tmp_path: Path) -> None:
    def no_groups(config: Config, source: Source) -> list[Problem]:
        return [] if config.groups else [Problem(source.mark(()), "groups", "there are none")]

    file = tmp_path / "config.yml"
    file.write_text("groups: []\n")
    with pytest.raises(BookError, match=f"{file}:1:1 groups: there are none"):
        load_document(file, Config, no_groups)
