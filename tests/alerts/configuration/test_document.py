"""The whole of a configuration, composed of the kinds there are."""

from opsbook.alerts.configuration.document import Document, document_type
from tests.alerts.configuration.kinds import KINDS


def test_entries_are_complete() -> None:
    made = document_type(Document, KINDS).model_validate(
        {
            "global": {"smtp_smarthost": "a:25"},
            "receivers": [{"name": "n", "email_configs": [{"to": "b"}]}],
        }
    )
    ((_, _, entry),) = made.receivers[0].entries()
    assert entry.model_dump()["smarthost"] == "a:25"


def test_what_was_written_is_kept_and_not_shown() -> None:
    made = document_type(Document, KINDS, ["left"]).model_validate({"global": {"left": "xyzzy"}})
    assert made.written == {"global": {"left": "xyzzy"}}
    assert "xyzzy" not in repr(made)


def test_intervals_come_from_both_sections() -> None:
    made = Document.model_validate(
        {"time_intervals": [{"name": "a"}], "mute_time_intervals": [{"name": "b"}]}
    )
    assert [each.name for each in made.intervals] == ["b", "a"]
