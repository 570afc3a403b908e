"""Files of Prometheus: text as it stands in them, and the places of what is wrong."""

from pathlib import Path

import pytest
from pydantic import RootModel

from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.metrics.scraping.document import load_prometheus
from opsbook.metrics.scraping.notation import Count, Flag, Text
from opsbook.metrics.scraping.secret import HeldSecret


class Texts(RootModel[list[Text]]):
    pass


class Mixed(Section):
    text: Text = ""
    count: Count = 0
    flag: Flag = False
    file: BookPath | None = None
    secret: HeldSecret = None


def written(directory: Path, text: str) -> Path:
    file = directory / "file.yml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("yaml", "text"),
    [
        ("1.10", "1.10"),
        ("1_000", "1_000"),
        ("True", "True"),
        ("0644", "0644"),
        ("1e3 # a comment", "1e3"),
        ("&anchor 2.50", "2.50"),
        ("!!str 3.0", "3.0"),
        ("+.5", "+.5"),
        ("'1.10'", "1.10"),
        ("yes", "yes"),
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_text_is_as_it_was_written(yaml: str, text: str, tmp_path: Path) -> None:
    block = written(tmp_path, f"- größe\n- {yaml}\n")
    assert load_prometheus(block, Texts)[0].root == ["größe", text]


def test_it_is_so_in_one_line_and_behind_an_alias(tmp_path: Path) -> None:
    file = written(tmp_path, "['é', 1.10, &a 1.20,1.30 , *a, 1.40]\r\n")
    assert load_prometheus(file, Texts)[0].root == ["é", "1.10", "1.20", "1.30", "1.20", "1.40"]


def test_numbers_and_booleans_are_such_where_they_belong(tmp_path: Path) -> None:
    file = written(tmp_path, "text: 1.0\ncount: 1e3\nflag: on\n")
    assert load_prometheus(file, Mixed)[0] == Mixed(text="1.0", count=1000, flag=True)


def test_paths_start_at_the_file_and_secrets_are_taken_as_they_are(tmp_path: Path) -> None:
    found, _ = load_prometheus(written(tmp_path, "file: a/b\nsecret: 1.10\n"), Mixed)
    assert found.file == tmp_path / "a/b"
    assert found.secret is not None
    assert found.secret.reveal() == "1.10"


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, "count: '5'\nfalg: on\n")
    with pytest.raises(BookError) as caught:
        load_prometheus(file, Mixed)
    assert str(caught.value).splitlines() == [
        f"{file}:1:8 count: not a whole number (got '5'), write, for example, 1000, without quotes",
        f"{file}:2:1 falg: unknown key (got 'falg'), did you mean flag?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("[" * 100_000, "too many levels"), ('["\\UFFFFFFFF"]', "not YAML: "), ("[", "not YAML: ")],
    ids=["deep", "no character", "open"],
)
def test_what_cannot_be_read_is_told(text: str, said: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(BookError, match=said) as caught:
        load_prometheus(file, Texts)
    assert str(caught.value).startswith(f"{file}:")


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(BookError) as caught:
        load_prometheus(written(tmp_path, "secret: [xyzzy]\n"), Mixed)
    assert "xyzzy" not in str(caught.value)


def test_rules_have_their_say(tmp_path: Path) -> None:
    def wrong(document: Mixed, source: Source) -> list[Problem]:
        return [Problem(source.mark(("text",)), "text", f"{document.text} is wrong")]

    file = written(tmp_path, "text: x\n")
    with pytest.raises(BookError, match=f"{file}:1:7 text: x is wrong"):
        load_prometheus(file, Mixed, wrong)
