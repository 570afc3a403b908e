import pytest

from opsbook.backups.filetree.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.pyc", "a.pyc"),
        ("*.pyc", "deep/down/a.pyc"),
        ("/logs", "logs"),
        ("cache/**", "cache/a/b"),
        ("**/node_modules", "a/b/node_modules"),
        ("a/*/c", "a/b/c"),
        ("file-?", "file-1"),
        ("temporary/", "some/temporary"),
        ("*.tmp", "with\nbreak.tmp"),
        ("*.tmp", "no text \udcff.tmp"),
    ],
)
def test_a_path_is_left_out(pattern: str, path: str) -> None:
    assert Patterns([pattern]).match(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.pyc", "a.py"),
        ("/logs", "deep/logs"),
        ("cache/**", "cache"),
        ("a/*/c", "a/b/b/c"),
        ("a.c", "abc"),
        ("file-?", "file-10"),
    ],
)
def test_a_path_is_kept(pattern: str, path: str) -> None:
    assert not Patterns([pattern]).match(path)


def test_nothing_is_left_out_by_no_pattern() -> None:
    assert not Patterns([]).match("a")
