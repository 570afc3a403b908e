"""The page's own words are there in every language."""

from dataclasses import fields
from string import Formatter
from typing import get_args

import pytest

from opsbook.probes.model import State
from opsbook.web.public.words import WORDS, Language

SHOWN = set(State) - {State.LATE}


def test_every_language_that_a_book_may_name_has_words() -> None:
    assert set(WORDS) == set(get_args(Language))


@pytest.mark.parametrize("language", WORDS)
def test_every_state_has_words_that_no_other_state_has(language: Language) -> None:
    words = WORDS[language]
    for said in (words.states, words.verdicts):
        assert set(said) == SHOWN
        assert len(set(said.values())) == len(SHOWN)


@pytest.mark.parametrize("language", WORDS)
def test_no_word_is_missing_or_has_a_gap_that_nothing_fills(language: Language) -> None:
    words = WORDS[language]
    said = {each.name: getattr(words, each.name) for each in fields(words)}
    texts = {name: text for name, text in said.items() if isinstance(text, str)}
    assert all(texts.values())
    gaps = {name for name, text in texts.items() if any(f for _, f, *_ in Formatter().parse(text))}
    assert gaps == {"days"}
