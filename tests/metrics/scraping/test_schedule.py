"""Every target has its own times."""

from opsbook.metrics.scraping.schedule import Schedule

NOW = 1_700_000_000_123


def test_times_are_an_interval_apart() -> None:
    schedule = Schedule("a", 15.0)
    first = schedule.after(NOW)
    assert NOW < first <= NOW + 16_500
    assert schedule.after(first) == first + 15_000


def test_waking_a_little_early_does_not_make_a_second_scrape_of_the_same_time() -> None:
    schedule = Schedule("a", 15.0)
    first = schedule.after(NOW)
    assert schedule.after(first - 3) == first + 15_000


def test_waking_late_misses_no_time() -> None:
    schedule = Schedule("a", 15.0)
    first = schedule.after(NOW)
    assert schedule.after(first + 10_000) == first + 15_000


def test_the_grid_is_the_same_after_a_restart() -> None:
    first = Schedule("a", 15.0).after(NOW)
    assert Schedule("a", 15.0).after(NOW + 86_400_000) == first + 86_400_000


def test_targets_are_spread_over_the_interval() -> None:
    places = [Schedule(f"target {one}", 15.0).after(NOW) % 15_000 for one in range(3_000)]
    thirds = [sum(low <= one < low + 5_000 for one in places) for low in (0, 5_000, 10_000)]
    assert min(thirds) > 800


def test_a_scrape_that_is_hardly_late_counts_as_on_time() -> None:
    schedule = Schedule("a", 15.0)
    assert [schedule.stamp(NOW, NOW + late) for late in (-2, 0, 2, 3)] == [NOW, NOW, NOW, NOW + 3]


def test_of_a_short_interval_a_hundredth_is_tolerated() -> None:
    assert Schedule("a", 0.1).stamp(NOW, NOW + 2) == NOW + 2
