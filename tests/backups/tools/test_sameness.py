import io

import pytest

from opsbook.backups.source import Facts, SourceError
from opsbook.backups.tools.sameness import compare, content_of


def test_the_same_is_the_same() -> None:
    compare("here", Facts(counts={"a": 1}, schema="x"), {"a": 1}, "x")


def test_what_the_backup_knows_nothing_of_is_not_compared() -> None:
    compare("here", Facts(), {"a": 1}, "x")


def test_another_count_is_named() -> None:
    with pytest.raises(SourceError, match=r"here: .*b has 3, the backup had 2"):
        compare("here", Facts(counts={"a": 1, "b": 2}), {"a": 1, "b": 3}, None)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(SourceError, match="a has nothing, the backup had 0"):
        compare("here", Facts(counts={"a": 0}), {}, None)


def test_another_structure_is_told() -> None:
    with pytest.raises(SourceError, match="structure"):
        compare("here", Facts(schema="x"), {}, "y")


def test_a_file_that_a_backup_lacks_is_named() -> None:
    assert content_of({"a": lambda: io.BytesIO(b"x")}, "a", "here").read() == b"x"
    with pytest.raises(SourceError, match="here: the backup has no b"):
        content_of({}, "b", "here")
