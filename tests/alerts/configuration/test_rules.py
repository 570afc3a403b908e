"""Problems of a configuration whose parts are well-formed; the corpus has the rest."""

from pathlib import Path

from opsbook.alerts.configuration.document import Document
from opsbook.alerts.configuration.rules import find_problems
from opsbook.book.source import Source, read_document


def source(directory: Path, text: str) -> Source:
    (directory / "a.yml").write_text(text)
    return read_document(directory / "a.yml")


def test_places_are_those_of_the_source_around_it(tmp_path: Path) -> None:
    read = source(tmp_path, "alerts:\n  route:\n    receiver: b\n  receivers: [{name: a}]\n")
    document = Document.model_validate(read.data["alerts"])
    (problem,) = find_problems(document, read, ("alerts",))
    assert str(problem) == (
        f"{tmp_path}/a.yml:3:15 alerts.route.receiver: unknown receiver (got 'b'), known: a"
    )


def test_a_name_that_is_there_already_is_told_with_its_first_place(tmp_path: Path) -> None:
    read = source(tmp_path, "receivers:\n- name: a\n- name: b\n- name: a\n- name: a\n")
    found = find_problems(Document.model_validate(read.data), read)
    assert [(each.mark.line, each.allowed) for each in found] == [
        (4, f"{tmp_path}/a.yml:2:9 has that name already; rename one"),
        (5, f"{tmp_path}/a.yml:2:9 has that name already; rename one"),
    ]


def test_every_problem_of_a_tree_is_found(tmp_path: Path) -> None:
    text = """\
route:
  receiver: a
  continue: true
  matchers: [x=y]
  routes:
  - routes:
    - receiver: d
      mute_time_intervals: [n]
      active_time_intervals: [m, o]
receivers: [{name: a}]
time_intervals: [{name: m}]
"""
    read = source(tmp_path, text)
    found = find_problems(Document.model_validate(read.data), read)
    assert sorted(each.mark.line for each in found) == [3, 4, 7, 8, 9]
