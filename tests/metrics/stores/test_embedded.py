"""The store in this process: what is its own beside the contract."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.clock import ManualClock
from opsbook.core.labels import labels_of
from opsbook.metrics.store import Store, TooManySamplesError, TooManySeriesError
from tests.metrics.stores.contract import ALL, NOW, UP, StoreContract


class TestEmbedded(StoreContract):
    kind = "embedded"

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        return {"series_per_group": 20, "series": 30, "query_samples": 100}

    def test_a_sample_of_the_future_is_refused(self, store: Store) -> None:
        assert store.append("api", NOW + 3_600_000, {UP: 1.0}).refused == {"in the future": 1}

    def test_too_many_series_of_a_group_are_refused_by_name(self, store: Store) -> None:
        many = {labels_of({"__name__": "m", "n": str(n)}): 1.0 for n in range(21)}
        with pytest.raises(TooManySeriesError, match=r"'api'.*21 series.* 20"):
            store.append("api", NOW, many)
        assert store.select(ALL, 0, NOW) == []

    def test_too_many_series_of_a_group_bit_by_bit_are_refused(self, store: Store) -> None:
        for number in range(20):
            store.append("api", NOW + number, {labels_of({"__name__": "m", "n": str(number)}): 1.0})
        with pytest.raises(TooManySeriesError, match="'api'"):
            store.append("api", NOW + 20, {UP: 1.0})
        assert store.append("db", NOW, {UP: 1.0}).taken == 1

    def test_too_many_series_in_all_are_refused(self, store: Store) -> None:
        for group in ("a", "b", "c"):
            many = {labels_of({"__name__": group, "n": str(n)}): 1.0 for n in range(15)}
            if group == "c":
                with pytest.raises(TooManySeriesError, match="30 are held and 30 are allowed"):
                    store.append(group, NOW, many)
            else:
                store.append(group, NOW, many)

    def test_a_label_that_is_too_long_is_refused(self, store: Store) -> None:
        with pytest.raises(TooManySeriesError, match="'path' is longer"):
            store.append("api", NOW, {labels_of({"__name__": "m", "path": "x" * 20_000}): 1.0})

    def test_a_query_of_too_many_samples_is_refused(self, store: Store) -> None:
        for step in range(101):
            store.append("api", NOW + step, {UP: 1.0})
        with pytest.raises(TooManySamplesError, match="101 samples, more than 100"):
            store.select(ALL, NOW, NOW + 1000)
        assert store.select(ALL, NOW, NOW + 50)

    def test_its_files_are_private(self, store: Store, tmp_path: Path) -> None:
        store.append("api", NOW, {UP: 1.0})
        store.delete(ALL, NOW, NOW)
        kept = list((tmp_path / "metrics").rglob("*"))
        assert [path for path in kept if path.stat().st_mode & 0o077] == []
        assert any(path.suffix == ".wal" for path in kept)

    def test_a_directory_that_cannot_be_used_is_named(
        self, clock: ManualClock, tmp_path: Path
    ) -> None:
        (tmp_path / "metrics").write_text("a file")
        with pytest.raises(Exception, match="metrics: File exists"):
            self.opened({}, clock, tmp_path)
