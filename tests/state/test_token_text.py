"""The text of a token."""

from opsbook.core.secrets import mask
from opsbook.state.token_text import hash_of, id_of, new_token


def test_every_token_is_another_and_says_whose_kind_it_is() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert {(text[:8], len(text)) for text in made} == {("opsbook_", 51)}


def test_a_token_is_masked_wherever_text_leaves() -> None:
    assert mask(f"got {new_token()} today") == "got *** today"


def test_a_token_is_called_by_the_beginning_of_its_hash() -> None:
    assert id_of(hash_of("opsbook_x")) == hash_of("opsbook_x")[:10]
    assert len(hash_of("opsbook_x")) == 64
