"""Routes as they are declared, and as amtool follows them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from opsbook.alerts.configuration.route import RouteConfig
from opsbook.alerts.routing.route import ALL, Branch, plant
from opsbook.core.labels import labels_of
from opsbook.metrics.model import Matcher
from tests.alerts.amtool import receivers_by_amtool, routes_by_amtool
from tests.alerts.configuration.kinds import read, written

NAMES, VALUES = "abc", ["", "x", "y", "xy"]


def test_everything_that_is_declared_is_in_the_branch() -> None:
    branch = RouteConfig.model_validate(
        {
            "receiver": "r",
            "group_by": ["a"],
            "continue": True,
            "match": {"a": "1"},
            "match_re": {"b": "2|3"},
            "matchers": ["c!=4", '{d!~"5", e="6"}'],
            "mute_time_intervals": ["m"],
            "active_time_intervals": ["n"],
            "group_wait": "0s",
            "group_interval": "1m",
            "repeat_interval": "1h",
            "routes": [{}],
        }
    ).branch()
    assert branch == Branch(
        matchers=(
            Matcher("a", "=", "1"),
            Matcher("b", "=~", "^(?:2|3)$"),
            Matcher("c", "!=", "4"),
            Matcher("d", "!~", "5"),
            Matcher("e", "=", "6"),
        ),
        goes_on=True,
        mute=("m",),
        active=("n",),
        receiver="r",
        group_by=("a",),
        group_wait=0.0,
        group_interval=60.0,
        repeat_interval=3600.0,
        routes=(Branch(),),
    )


@pytest.mark.parametrize("nothing", [{}, {"group_by": []}, {"group_by": None}, {"receiver": ""}])
def test_what_is_not_said_is_left_to_the_parent(nothing: dict[str, Any]) -> None:
    assert RouteConfig.model_validate(nothing).branch() == Branch()


def test_every_label_may_be_said_twice() -> None:
    assert RouteConfig(group_by=["...", "..."]).branch().group_by == ALL


@pytest.mark.parametrize(
    "text",
    [
        'a="b"',
        "a = b",
        'a=~"b|c", d!="e"',
        '{a="b,c"}',
        "a=b c",
        r'a="q\"q"',
        r'a="back\\slash"',
        r"a=back\slash",
        r'a=~"\d+"',
        'a=~"x.*",',
        "a=",
        'a=""',
        "b=1,a=2",
        "a!~.*",
        "  a  =  b  ",
        "a=ü",
        "a==b{",
        "{a=b",
    ],
)
def test_matchers_are_written_as_amtool_writes_them(text: str, tmp_path: Path) -> None:
    whole = f"route: {{receiver: r, routes: [{{matchers: [{json.dumps(text)}]}}]}}"
    file = written(tmp_path, f"{whole}\nreceivers: [{{name: r}}]")
    (route,) = plant(
        RouteConfig(receiver="r", routes=[RouteConfig(matchers=[text])]).branch()
    ).routes
    assert f"─ {route.key.removeprefix('{}/')}  receiver: r\n" in routes_by_amtool(file)


matchers = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(VALUES)
).map(lambda parts: '{}{}"{}"'.format(*parts))
PATTERNS = st.sampled_from(["x", "x.*", "x|y", ".+", ""])
PAIRS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=1)
BRANCHES: st.SearchStrategy[Any] = st.recursive(
    st.just([]),
    lambda below: st.lists(
        st.fixed_dictionaries(
            {
                "continue": st.booleans(),
                "matchers": st.lists(matchers, max_size=2),
                "match": PAIRS,
                "match_re": st.dictionaries(st.sampled_from(NAMES), PATTERNS, max_size=1),
                "routes": below,
            }
        ),
        max_size=4,
    ),
    max_leaves=8,
)
LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES[1:]))


def named(routes: list[dict[str, Any]], names: list[str]) -> None:
    """A receiver of its own for most of the routes; the others have their parent's."""
    for number, route in enumerate(routes):
        if number % 4 < 3:
            names.append(f"r{len(names)}")
            route["receiver"] = names[-1]
        named(route["routes"], names)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # each step of shrinking would start a process
    suppress_health_check=[HealthCheck.too_slow],
)
@given(BRANCHES, st.lists(LABELS, min_size=2, max_size=2))
def test_each_alert_goes_exactly_where_amtool_says(
    routes: list[dict[str, Any]], alerts: list[dict[str, str]]
) -> None:
    names = ["root"]
    named(routes, names)
    whole = {
        "route": {"receiver": "root", "routes": routes},
        "receivers": [{"name": name} for name in names],
    }
    with TemporaryDirectory() as directory:
        text = json.dumps(whole)
        root = read(Path(directory), text).setup().root
        for labels in alerts:
            found = [route.manner.receiver for route in root.find(labels_of(labels))]
            words = [f"{name}={value}" for name, value in labels.items()]
            assert found == receivers_by_amtool(written(Path(directory), text), words)
