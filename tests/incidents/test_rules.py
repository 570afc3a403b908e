"""A book whose incidents cannot be meant is refused, with the place."""

from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from tests.book.books import write_book

BOOK = """
platform: {name: small}
alerts:
  route: {receiver: team}
  receivers: [{name: team}]
incidents:
"""
GOOD = """
  contacts: {ada: {receiver: team}}
  escalation: [{name: L1, contacts: [ada]}, {name: L2, contacts: [ada], after: 15m}]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "  contacts: {ada: {receiver: taem}}",
            (
                "book.yaml:7:30 incidents.contacts.ada.receiver: no such receiver of alerts "
                "(got 'taem'), did you mean team?"
            ),
        ),
        (
            GOOD.replace("[ada], after", "[bob], after"),
            "incidents.escalation[1].contacts[0]: no such name (got 'bob')",
        ),
        (
            GOOD.replace("L1, contacts", "L1, after: 1h, contacts"),
            "incidents.escalation[1].after: earlier than the level before it",
        ),
        (GOOD.replace("L2", "L1"), "incidents.escalation[1].name: two levels (got 'L1')"),
        ("  escalation: []", "at least 1"),
        ("  escalation: [{name: L1, contacts: []}]", "at least 1"),
        (
            (
                "  severities: {bad: {respond_within: 1m, aliases: [worse]}, "
                "worse: {respond_within: 2m}}"
            ),
            "incidents.severities.bad.aliases[0]: two severities (got 'worse')",
        ),
        ("  severity_labels: {page: critcal}", "did you mean critical?"),
        ("  default_severity: none", "no such severity (got 'none')"),
        ("  open_for: ['severity=~\"(\"']", "incidents.open_for[0]"),
        ("  join_within: 5", "the unit is missing"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BookError) as error:
        read_book(write_book(tmp_path, BOOK + text.lstrip("\n")))
    assert said in str(error.value)


def test_what_is_good_is_read(tmp_path: Path) -> None:
    book = read_book(write_book(tmp_path, BOOK + GOOD.lstrip("\n")))
    assert book.incidents is not None
    assert [level.name for level in book.incidents.escalation] == ["L1", "L2"]
