"""Entries of the ledger that match."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from opsbook.state.search import Search, search
from tests.state.databases import ledger_in


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Search(), [4, 3, 2, 1]),
        (Search(kinds=("service.",)), [3, 2]),
        (Search(kinds=("service.died", "servic")), [2]),
        (Search(kinds=("service.", "odd")), [4, 3, 2]),
        (Search(subject="a"), [3, 2]),
        (Search(actor="ada"), [4]),
        (Search(text="SIG"), [2]),
        (Search(text="100 %"), [4]),
        (Search(text="1_0"), []),
        (Search(before=3), [2, 1]),
        (Search(subject="a", text="sigkill"), [2]),
    ],
)
async def test_it_finds_what_matches_all_that_is_asked(
    tmp_path: Path, wanted: Search, found: Sequence[int]
) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        ledger.record("watch.started", "small")
        ledger.record("service.died", "a", how="killed by SIGKILL")
        ledger.record("service.verified", "a")
        ledger.record("odd", "b", actor="ada", share="100 %")
        await ledger.flush(within=5)
        assert [each.seq for each in search(engine, wanted, 10)] == found
        assert [each.seq for each in search(engine, wanted, 1)] == found[:1]
