"""What is allowed and can hardly be meant is said, with its place."""

from pathlib import Path

from tests.alerts.configuration.kinds import read


def remarks(directory: Path, text: str) -> list[str]:
    found = read(directory, text).remarks
    return [str(each).removeprefix(f"{directory}/alertmanager.yml:") for each in found]


def test_what_is_not_carried_out_is_named(tmp_path: Path) -> None:
    above, tracing = remarks(
        tmp_path,
        """\
        global:
          victorops_api_url: http://localhost
          webex_api_url:
        tracing: {}
        route: {receiver: a}
        receivers: [{name: a}]
        """,
    )
    assert above.startswith("2:3 global.victorops_api_url: not carried out by Opsbook, no receiver")
    assert tracing == "4:1 tracing: not carried out by Opsbook, Opsbook sends no traces"


def test_a_receiver_that_nobody_is_led_to_is_named(tmp_path: Path) -> None:
    assert remarks(
        tmp_path,
        """\
        route: {receiver: a, routes: [{receiver: b}]}
        receivers: [{name: a, fallback: c}, {name: b}, {name: c}, {name: d}]
        """,
    ) == ["2:60 receivers[3].name: no route leads to the receiver 'd', it is never told anything"]


def test_a_repeat_that_comes_before_a_turn_is_named_once(tmp_path: Path) -> None:
    root, inner = remarks(
        tmp_path,
        """\
        route:
          receiver: a
          repeat_interval: 1m
          routes: [{}, {group_interval: 10s, routes: [{group_interval: 2m}]}]
        receivers: [{name: a}]
        """,
    )
    said = "repeat_interval 1m is shorter than group_interval 5m"
    remedy = "what does not change is told again every 5m"
    assert root == f"3:3 route.repeat_interval: {said}, {remedy}"
    assert inner.startswith("4:48 route.routes[1].routes[0].group_interval: repeat_interval 1m")


def test_what_is_as_it_should_be_needs_no_remark(tmp_path: Path) -> None:
    assert remarks(tmp_path, "route: {receiver: a}\nreceivers: [{name: a}]") == []
