"""Errors that people read."""

from opsbook.core.errors import BadInputError, OpsbookError, nearest


def test_a_typo_finds_the_name_that_was_meant() -> None:
    assert nearest("postgers", ["http", "postgres", "redis"]) == "postgres"
    assert nearest("xyz", ["http", "postgres"]) is None


def test_bad_input_ends_with_2_and_the_rest_with_1() -> None:
    assert (BadInputError.exit_code, OpsbookError.exit_code) == (2, 1)
