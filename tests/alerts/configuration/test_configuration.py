"""`alertmanager.yml` as it is: what is taken, what is refused, what delivery works by."""

from pathlib import Path

import pytest

from opsbook.alerts.model import Notice
from opsbook.alerts.templates.notice_data import NoticeData
from tests.alerts.amtool import refused_by_amtool
from tests.alerts.configuration.corpus import LAXER, REFUSED, STRICTER, TAKEN
from tests.alerts.configuration.kinds import read, refusal, written

EVERYTHING = {
    **TAKEN,
    **{name: text for group in (REFUSED, STRICTER, LAXER) for name, (text, _) in group.items()},
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of what amtool refuses."""
    files = {}
    for name, text in EVERYTHING.items():
        directory = tmp_path_factory.mktemp("configuration")
        (directory / "broken.tmpl").write_text("{{ define }}")
        files[written(directory, text)] = name
    return {files[file] for file in refused_by_amtool(list(files))}


@pytest.mark.parametrize("name", TAKEN)
def test_what_amtool_takes_is_taken(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name not in bad
    read(tmp_path, TAKEN[name]).setup()


@pytest.mark.parametrize("name", REFUSED)
def test_what_amtool_refuses_is_refused_with_its_place(
    name: str, bad: set[str], tmp_path: Path
) -> None:
    assert name in bad
    (tmp_path / "broken.tmpl").write_text("{{ define }}")
    text, said = REFUSED[name]
    told = refusal(tmp_path, text)
    assert said in told
    assert told.startswith(f"{tmp_path}/alertmanager.yml:")


@pytest.mark.parametrize("name", STRICTER)
def test_little_is_refused_that_amtool_takes(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name not in bad
    assert refusal(tmp_path, STRICTER[name][0])


@pytest.mark.parametrize("name", LAXER)
def test_little_is_taken_that_amtool_refuses(name: str, bad: set[str], tmp_path: Path) -> None:
    assert name in bad
    read(tmp_path, LAXER[name][0]).setup()


EXAMPLE = NoticeData.of(Notice("people", "{}:{}", (), (), 0.0, "http://opsbook"))
WHOLE = """
global:
  resolve_timeout: 10m
  slack_api_url: http://localhost/chat
  smtp_smarthost: localhost:25
  smtp_from: opsbook@localhost
templates: ["*.tmpl"]
route:
  receiver: chat
  group_by: [alertname]
  group_wait: 10s
  routes:
  - matchers: [severity="critical"]
    receiver: people
    mute_time_intervals: [nights]
    continue: true
  - match_re: {team: db|web}
    receiver: chat
    group_by: ['...']
    active_time_intervals: [work]
receivers:
- name: chat
  slack_configs:
  - channel: '#ops'
  - {channel: '#all', api_url: http://localhost/other}
  webhook_configs: [{url: http://localhost/hook}]
- name: people
  fallback: chat
  email_configs: [{to: ops@localhost, text: '{{ template "mine" . }}'}]
inhibit_rules:
- {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [job]}
mute_time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: '22:00', end_time: '24:00'}]
  - times: [{start_time: '00:00', end_time: '06:00'}]
time_intervals:
- name: work
  time_intervals: [{weekdays: ['monday:friday'], location: Europe/Berlin}]
"""


def test_a_whole_file_becomes_what_delivery_works_by(tmp_path: Path) -> None:
    (tmp_path / "own.tmpl").write_text('{{ define "mine" }}{{ .Status }} in my words{{ end }}')
    found = read(tmp_path, WHOLE)
    setup = found.setup()
    assert found.remarks == ()
    assert setup.resolve_timeout == 600.0
    assert [route.key for route in setup.root.all()] == [
        "{}",
        '{}/{severity="critical"}',
        '{}/{team=~"^(?:db|web)$"}',
    ]
    assert list(setup.receivers["chat"].entries) == ["slack[0]", "slack[1]", "webhook[0]"]
    assert setup.receivers["people"].fallback == "chat"
    mail, hook = setup.notifier("people", "email[0]"), setup.notifier("chat", "webhook[0]")
    assert mail is not None
    assert hook is not None
    assert mail.target == "email ops@localhost by localhost:25"
    assert (mail.send_resolved, hook.send_resolved) == (False, True)
    assert [len(setup.intervals[name]) for name in ("nights", "work")] == [2, 1]
    assert setup.inhibitions[0].equal == ("job",)
    assert "in my words" in setup.templates.expand('{{ template "mine" . }}', EXAMPLE)


def test_what_is_wrong_with_global_is_told_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, WHOLE.replace("localhost:25", "localhost")).splitlines()
    assert [line.split(" ")[1] for line in told] == ["global.smtp_smarthost:"]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    told = refusal(
        tmp_path,
        """\
        route:
          receiver: a
          group_wait: soon
          routes: [{matchers: [x]}]
        receivers:
        - name: a
          wechat_configs: [{}]
          webhook_configs: [{url: 'http://a', headers: {}}]
        """,
    ).splitlines()
    assert [line.split(" ")[0].removeprefix(f"{tmp_path}/") for line in told] == [
        "alertmanager.yml:3:15",
        "alertmanager.yml:4:24",
        "alertmanager.yml:7:3",
        "alertmanager.yml:8:39",
    ]
    assert told[2].endswith("use apprise_configs with the URL wecombot://BOT_KEY")
    assert told[3].endswith("write them under http_config, as http_headers")


def test_no_secret_is_in_what_is_read(tmp_path: Path) -> None:
    whole = "global: {victorops_api_key: xyzzy, slack_api_url: 'http://xyzzy'}\n"
    found = read(tmp_path, f"{whole}route: {{receiver: a}}\nreceivers: [{{name: a}}]")
    assert "xyzzy" not in repr(found)


def test_a_fallback_is_another_receiver(tmp_path: Path) -> None:
    receivers = "receivers: [{name: a, fallback: a}, {name: b, fallback: c}]"
    told = refusal(tmp_path, f"route: {{receiver: a}}\n{receivers}")
    assert "receivers[0].fallback: a receiver cannot stand in for itself" in told
    assert "receivers[1].fallback: unknown receiver (got 'c'), known: a, b" in told
