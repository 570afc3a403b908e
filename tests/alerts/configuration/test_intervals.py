"""Time intervals as they are declared."""

import calendar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.configuration.intervals import IntervalConfig
from opsbook.alerts.routing.intervals import TimeInterval


def test_everything_that_is_declared_is_in_the_interval() -> None:
    declared = IntervalConfig.model_validate(
        {
            "times": [{"start_time": "09:00", "end_time": "17:30"}],
            "weekdays": ["monday:Friday", "SUNDAY"],
            "days_of_month": ["1:15", "-3:-1", "+7"],
            "months": ["january:3", "december"],
            "years": ["2026:2028", "2030"],
            "location": "America/New_York",
        }
    )
    assert declared.interval() == TimeInterval(
        times=((540, 1050),),
        weekdays=((1, 5), (0, 0)),
        days_of_month=((1, 15), (-3, -1), (7, 7)),
        months=((1, 3), (12, 12)),
        years=((2026, 2028), (2030, 2030)),
        location=ZoneInfo("America/New_York"),
    )


def test_what_is_not_declared_takes_every_time() -> None:
    assert IntervalConfig().interval() == TimeInterval()


def test_the_machine_s_clock_can_be_meant() -> None:
    now = datetime.now(UTC)
    zone = IntervalConfig(location="Local").interval().location
    assert zone.utcoffset(now.replace(tzinfo=None)) == now.astimezone().utcoffset()


DAYS = [day.lower() for day in calendar.day_name]
MONTHS = [month.lower() for month in calendar.month_name[1:]]
TIMES = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])
ZONES = st.sampled_from(["", "UTC", "Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu"])


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def spans(least: int, most: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    number = st.integers(least, most)
    return st.lists(st.tuples(number, number).map(lambda span: (min(span), max(span))), max_size=2)


@given(
    st.integers(1_672_531_200, 1_861_920_000),
    st.fixed_dictionaries(
        {
            "times": st.lists(TIMES, max_size=2),
            "weekdays": spans(0, 6),
            "days": spans(1, 31),
            "from_the_end": spans(-31, -1),
            "months": spans(1, 12),
            "years": spans(2023, 2029),
        }
    ),
    ZONES,
)
def test_a_moment_is_inside_where_counting_says_so(
    moment: int, wanted: dict[str, list[tuple[int, int]]], zone: str
) -> None:
    sunday_first = [DAYS[6], *DAYS[:6]]
    days = [*wanted["days"], *wanted["from_the_end"]]
    declared = IntervalConfig.model_validate(
        {
            "times": [{"start_time": clock(a), "end_time": clock(b)} for a, b in wanted["times"]],
            "weekdays": [f"{sunday_first[a]}:{sunday_first[b]}" for a, b in wanted["weekdays"]],
            "days_of_month": [f"{a}:{b}" for a, b in days],
            "months": [f"{MONTHS[a - 1]}:{b}" for a, b in wanted["months"]],
            "years": [f"{a}:{b}" for a, b in wanted["years"]],
            "location": zone,
        }
    )
    local = datetime.fromtimestamp(moment, ZoneInfo(zone or "UTC"))
    month = list(range(1, calendar.monthrange(local.year, local.month)[1] + 1))
    counted = {day for a, b in wanted["days"] for day in month if a <= day <= b}
    counted |= {
        day for a, b in wanted["from_the_end"] for day in month if a <= day - len(month) - 1 <= b
    }
    fields = [
        (wanted["times"], local.hour * 60 + local.minute + 0.5),
        (wanted["weekdays"], int(f"{local:%w}")),
        (wanted["months"], local.month),
        (wanted["years"], local.year),
    ]
    inside = all(not spans or any(a <= value <= b for a, b in spans) for spans, value in fields)
    inside = inside and (not days or local.day in counted)
    assert declared.interval().contains(moment) is inside
