"""What a target exposes becomes rows, as in Prometheus."""

from typing import Any

import pytest

from opsbook.metrics.exposition.reader import Reader
from opsbook.metrics.scraping.intake import Intake
from opsbook.metrics.scraping.naming import RefusedError
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.scraping.exposer import TEXT, make_target, samples, values
from tests.metrics.scraping.now import now


class Taken:
    """An intake that is given text."""

    def __init__(self, store: Embedded, **settings: Any) -> None:
        self.at, self._reader = now(), Reader()
        self.intake = Intake(make_target(**settings), store)

    def take(self, *lines: str) -> None:
        self.at += 10
        body = "".join(f"{line}\n" for line in lines).encode()
        self.intake.take(self.at, 0.25, self._reader.read(body, TEXT))

    def fail(self) -> None:
        self.at += 10
        self.intake.fail(self.at, 0.5)


def test_a_scrape_is_one_row_with_its_report(store: Embedded) -> None:
    taken = Taken(store)
    taken.take("a 1", 'b{x="y"} 2')
    assert samples(store) == {
        "a": [(taken.at, 1.0)],
        'b{x="y"}': [(taken.at, 2.0)],
        "up": [(taken.at, 1.0)],
        "scrape_duration_seconds": [(taken.at, 0.25)],
        "scrape_samples_scraped": [(taken.at, 2.0)],
        "scrape_samples_post_metric_relabeling": [(taken.at, 2.0)],
        "scrape_series_added": [(taken.at, 2.0)],
    }


def test_every_series_carries_the_targets_labels(store: Embedded) -> None:
    static = [{"targets": ["db:1"], "labels": {"zone": "eu", "__secret": "x"}}]
    Taken(store, static_configs=static).take("a 1")
    carried = (("instance", "db:1"), ("job", "job"), ("zone", "eu"))
    assert {labels[1:] for labels in store.matching((), 0, 2**60)} == {carried}


def test_all_series_of_a_target_stand_in_one_group(store: Embedded) -> None:
    taken = Taken(store)
    taken.take("a 1")
    taken.take("a 1", "b 2")
    assert len(store.engine._holdings.groups) == 1


def test_a_series_that_is_not_exposed_any_more_has_ended(store: Embedded) -> None:
    taken = Taken(store)
    taken.take("a 1", "b 1")
    taken.take("a 1")
    taken.take("a 1", "b 2")
    found = values(store, "a", "b", "scrape_series_added")
    assert found == {
        "a": [1.0, 1.0, 1.0],
        "b": [1.0, "stale", 2.0],
        "scrape_series_added": [2.0, 0.0, 1.0],
    }


def test_of_a_scrape_that_failed_there_is_a_report_and_everything_else_has_ended(
    store: Embedded,
) -> None:
    taken = Taken(store)
    taken.take("a 1")
    taken.fail()
    taken.fail()
    taken.take("a 1")
    assert values(store, "a", "up", "scrape_duration_seconds", "scrape_series_added") == {
        "a": [1.0, "stale", 1.0],
        "up": [1.0, 0.0, 0.0, 1.0],
        "scrape_duration_seconds": [0.25, 0.5, 0.5, 0.25],
        "scrape_series_added": [1.0, 0.0, 0.0, 0.0],
    }


def test_too_many_samples_fail_the_whole_scrape(store: Embedded) -> None:
    taken = Taken(store, sample_limit=2)
    taken.take("a 1", "b 1")
    with pytest.raises(RefusedError, match="3 samples, more than sample_limit, 2"):
        taken.take("a 1", "b 1", "c 1")
    found = values(store, "a", "c", "up", "scrape_samples_scraped")
    assert found == {
        "a": [1.0, "stale"],
        "up": [1.0, 0.0],
        "scrape_samples_scraped": [2.0, 3.0],
    }


def test_the_sample_limit_counts_what_relabelling_leaves(store: Embedded) -> None:
    rule = {"source_labels": ["__name__"], "regex": "b", "action": "drop"}
    Taken(store, sample_limit=1, metric_relabel_configs=[rule]).take("a 1", "b 1")
    found = values(store, "up", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling")
    assert found == {
        "up": [1.0],
        "scrape_samples_scraped": [2.0],
        "scrape_samples_post_metric_relabeling": [1.0],
    }


def test_what_the_store_has_no_room_for_fails_the_whole_scrape(
    store: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Taken(store)
    taken.take("a 1")
    object.__setattr__(store.engine._limits, "series_per_group", 7)
    with pytest.raises(RefusedError, match="more than 7"):
        taken.take("a 1", "b 1", "c 1")
    assert values(store, "a", "b", "up") == {"a": [1.0, "stale"], "up": [1.0, 0.0]}


def test_times_that_the_target_gives_are_kept(store: Embedded) -> None:
    taken = Taken(store)
    given = taken.at - 5_000
    taken.take(f"a 1 {given}", "b 2")
    found = samples(store, "a", "b", "scrape_samples_scraped")
    assert found == {
        "a": [(given, 1.0)],
        "b": [(taken.at, 2.0)],
        "scrape_samples_scraped": [(taken.at, 2.0)],
    }


def test_times_that_the_target_gives_are_left_if_told_so(store: Embedded) -> None:
    taken = Taken(store, honor_timestamps=False)
    taken.take(f"a 1 {taken.at - 5_000}")
    assert samples(store, "a") == {"a": [(taken.at, 1.0)]}


@pytest.mark.parametrize(("tracked", "rows"), [(False, [1.0]), (True, [1.0, "stale"])])
def test_series_with_times_end_only_if_told_so(
    store: Embedded, tracked: bool, rows: list[float | str]
) -> None:
    taken = Taken(store, track_timestamps_staleness=tracked)
    taken.take(f"a 1 {taken.at - 5_000}", "b 1")
    taken.take("b 1")
    taken.fail()
    assert values(store, "a") == {"a": rows}


@pytest.mark.parametrize(("tracked", "rows"), [(False, [1.0]), (True, [1.0, "stale"])])
def test_series_with_times_end_with_a_failed_scrape_only_if_told_so(
    store: Embedded, tracked: bool, rows: list[float | str]
) -> None:
    taken = Taken(store, track_timestamps_staleness=tracked)
    taken.take(f"a 1 {taken.at - 5_000}")
    taken.fail()
    taken.fail()
    assert values(store, "a") == {"a": rows}


def test_everything_ends_with_the_target(store: Embedded) -> None:
    taken = Taken(store)
    taken.take("a 1")
    taken.intake.end(taken.at + 10)
    assert {row[-1] for row in values(store).values()} == {"stale"}


def test_a_line_that_is_repeated_counts_as_scraped_and_is_no_sample(store: Embedded) -> None:
    taken = Taken(store)
    taken.take("a 1", "a 2")
    assert values(store, "a", "scrape_samples_scraped") == {
        "a": [1.0],
        "scrape_samples_scraped": [2.0],
    }
