"""Each alert goes exactly where the tree says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import ALL, Branch, Route, plant
from opsbook.core.labels import Labels, labels_of


def branch(matchers: str = "", *routes: Branch, **settings: Any) -> Branch:
    return Branch(parse_matchers(matchers), routes=routes, **settings)


TREE = plant(
    branch(
        "",
        branch("team=db", branch("severity=critical", receiver="pager"), receiver="db"),
        branch("severity=critical", receiver="chat", goes_on=True),
        branch("env=~prod|live", receiver="log"),
        receiver="default",
        group_by=("alertname",),
    )
)


def receivers(**labels: str) -> list[str]:
    return [route.manner.receiver for route in TREE.find(labels_of(labels))]


def test_what_no_route_takes_goes_to_the_root() -> None:
    assert receivers(team="web") == ["default"]


def test_the_first_route_that_matches_takes_it() -> None:
    assert receivers(team="db", env="prod") == ["db"]


def test_the_deepest_route_takes_it() -> None:
    assert receivers(team="db", severity="critical") == ["pager"]


def test_continue_asks_the_next_ones_too() -> None:
    assert receivers(severity="critical", env="live") == ["chat", "log"]


def test_a_route_has_its_parents_manner_where_it_says_nothing() -> None:
    inner = branch("a=b", branch("c=d", group_wait=1.0), group_by=ALL, receiver="inner")
    root = plant(branch("", inner, receiver="root", group_wait=5.0, repeat_interval=60.0))
    (route,) = root.find(labels_of({"a": "b", "c": "d"}))
    assert route.manner.receiver == "inner"
    assert route.manner.group_by == ALL
    assert (route.manner.group_wait, route.manner.repeat_interval) == (1.0, 60.0)


def test_intervals_are_not_inherited() -> None:
    root = plant(branch("", branch("a=b"), receiver="root", mute=("nights",)))
    (route,) = root.find(labels_of({"a": "b"}))
    assert route.mute == ()


def test_groups_are_named_as_alertmanager_names_them() -> None:
    (route,) = TREE.find(labels_of({"team": "db", "severity": "critical", "alertname": "Down"}))
    labels = route.group_labels(labels_of({"alertname": "Down", "team": "db"}))
    assert route.group_key(labels) == '{}/{team="db"}/{severity="critical"}:{alertname="Down"}'


def test_three_dots_group_by_every_label() -> None:
    root = plant(branch("", receiver="root", group_by=ALL))
    labels = labels_of({"a": "1", "b": "2"})
    assert root.group_labels(labels) == labels


NAMES = ["a", "b", "c"]
LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from("xyz")).map(labels_of)
MATCHERS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["=", "!=", "=~"]), st.sampled_from("xyz")),
    max_size=2,
)
BRANCHES = st.recursive(
    st.builds(
        lambda parts, goes_on: branch(",".join(map("".join, parts)), goes_on=goes_on),
        MATCHERS,
        st.booleans(),
    ),
    lambda below: st.builds(
        lambda parts, goes_on, routes: branch(
            ",".join(map("".join, parts)), *routes, goes_on=goes_on
        ),
        MATCHERS,
        st.booleans(),
        st.lists(below, max_size=3),
    ),
    max_leaves=8,
)


def takes(route: Route, labels: Labels) -> bool:
    values = dict(labels)
    return all(
        (values.get(each.name, "") == each.value) is (each.op != "!=") for each in route.matchers
    )


@given(st.lists(BRANCHES, max_size=4), LABELS)
def test_an_alert_takes_a_route_whose_parents_match_and_no_child_does(
    branches: list[Branch], labels: Labels
) -> None:
    root = plant(Branch(receiver="root", routes=tuple(branches)))
    parents = {id(child): route for route in root.all() for child in route.routes}
    found = root.find(labels)
    assert found
    for route in found:
        assert not any(takes(child, labels) for child in route.routes)
        around: Route | None = route
        while around is not None:
            assert takes(around, labels)
            around = parents.get(id(around))


@given(st.lists(BRANCHES, max_size=4), LABELS)
def test_what_stands_behind_a_match_without_continue_is_not_asked(
    branches: list[Branch], labels: Labels
) -> None:
    root = plant(Branch(receiver="root", routes=tuple(branches)))
    taken = {route.number for route in root.find(labels)}
    for parent in root.all():
        ended = False
        for child in parent.routes:
            below = {route.number for route in child.all()}
            assert not (ended and taken & below)
            ended = ended or (bool(taken & below) and not child.goes_on)
