"""The chain: any change, removal or exchange is found, and the first bad entry named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.state.chain import GENESIS, Entry, canonical, link, verify_chain


def chain(length: int) -> list[Entry]:
    entries, previous = [], GENESIS
    for seq in range(1, length + 1):
        fields = (f"at-{seq}", "kind", "subject", "actor", canonical({"n": seq}))
        previous = link(previous, seq, *fields)
        entries.append(Entry(seq, *fields, previous))
    return entries


def head(entries: list[Entry]) -> tuple[int, str] | None:
    return (entries[-1].seq, entries[-1].hash) if entries else None


@given(st.integers(0, 20))
def test_what_was_not_touched_is_well(length: int) -> None:
    entries = chain(length)
    verdict = verify_chain(entries, head(entries))
    assert (verdict.problem, verdict.entries) == (None, length)


@given(st.integers(0, 9), st.sampled_from(["at", "kind", "subject", "actor", "body", "hash"]))
def test_a_changed_entry_is_named(index: int, field: str) -> None:
    entries = chain(10)
    end = head(entries)
    changed = replace(entries[index], **{field: "something else"})  # type: ignore[arg-type]
    verdict = verify_chain([*entries[:index], changed, *entries[index + 1 :]], end)
    assert verdict.bad == index + 1
    assert "was changed" in (verdict.problem or "")


@given(st.integers(0, 9))
def test_a_removed_entry_is_named_also_at_the_end(index: int) -> None:
    entries = chain(10)
    verdict = verify_chain([*entries[:index], *entries[index + 1 :]], head(entries))
    assert verdict.bad == index + 1
    assert "was removed" in (verdict.problem or "")


@given(st.integers(0, 8))
def test_exchanged_entries_are_named(index: int) -> None:
    entries = chain(10)
    first, second = entries[index], entries[index + 1]
    entries[index] = replace(second, seq=first.seq)
    entries[index + 1] = replace(first, seq=second.seq)
    assert verify_chain(entries, head(chain(10))).bad == index + 1


def test_an_entry_that_was_put_in_is_named() -> None:
    entries = chain(3)
    forged = Entry(4, "at", "kind", "subject", "actor", "{}", "0" * 64)
    assert verify_chain([*entries, forged], head(entries)).bad == 4


def test_a_lost_record_of_the_end_is_told() -> None:
    verdict = verify_chain(chain(3), None)
    assert verdict.problem == "the record of the last entry was removed"


def test_a_whole_chain_written_anew_has_another_head() -> None:
    entries = chain(3)
    other = [replace(entries[0], actor="somebody else")]
    assert link(GENESIS, 1, other[0].at) != entries[0].hash


def test_a_body_has_one_text_and_no_nan() -> None:
    assert canonical({"b": 1, "a": [1.5, None]}) == '{"a":[1.5,null],"b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})
