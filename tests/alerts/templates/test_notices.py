"""Templates of notices: as Alertmanager's, with default texts of our own."""

import re
from pathlib import Path

import pytest

from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.templates import notices
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.notice_data import NoticeData
from opsbook.alerts.templates.notices import NoticeTemplates
from tests.alerts.templates.golden import Case, Golden, cases_of, golden
from tests.alerts.templates.notice_json import Amtool, data_of
from tests.requirement import missing

_COMPARED = ("notices-language", "notices-formats")
_TEXTS = (*_COMPARED, "notices-newer")
_PAGES = "notices-html"
_TEMPLATES = NoticeTemplates()
_DEFAULTS = Path(notices.__file__).parent / "defaults"


def _notice(*alerts: Alert) -> NoticeData:
    group = (("alertname", "Full"),)
    return NoticeData.of(Notice("ops", "{}", group, alerts, 1000.0, "https://ops.example"))


def _alert(ends_at: float = 2000.0, **labels: str) -> Alert:
    pairs = tuple(sorted({"alertname": "Full", "job": "db", **labels}.items()))
    annotations = (("summary", "Disk <full>"),)
    return Alert(pairs, annotations, 100.0, ends_at, 900.0, "https://prom.example/graph")


@pytest.mark.parametrize("case", cases_of(*_TEXTS), ids=str)
def test_a_notice_s_text_comes_out_as_written_down(case: Case) -> None:
    if case.fails:
        with pytest.raises(TemplateError) as caught:
            _TEMPLATES.expand(case.template, data_of(case.data))
        assert case.expected in str(caught.value)
    else:
        assert _TEMPLATES.expand(case.template, data_of(case.data)) == case.expected


@pytest.mark.parametrize("case", cases_of(_PAGES), ids=str)
def test_a_notice_s_page_comes_out_as_written_down(case: Case) -> None:
    assert _TEMPLATES.expand_html(case.template, data_of(case.data)) == case.expected


@pytest.mark.parametrize("name", [*_COMPARED, _PAGES])
def test_amtool_makes_the_same_of_it(name: str, tmp_path: Path) -> None:
    read = golden(name)
    amtool = Amtool(tmp_path, read.data, "html" if name == _PAGES else "text")
    real = amtool.expand([case.template for case in read.good])
    assert real == [case.expected for case in read.good]


@pytest.mark.parametrize("name", _COMPARED)
def test_amtool_refuses_what_we_refuse(name: str, tmp_path: Path) -> None:
    read: Golden = golden(name)
    amtool = Amtool(tmp_path, read.data)
    amtool.expand(["the glob must match a file"])
    assert [case.template for case in read.bad if not amtool.refusal(case.template)] == []


def test_amtool_makes_the_same_of_the_default_texts(tmp_path: Path) -> None:
    data = golden("notices-language").data
    for file in _DEFAULTS.iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    calls = [f'{{{{ template "{name}" {_what(name)} }}}}' for name in sorted(_names(_DEFAULTS))]
    ours = [_TEMPLATES.expand(call, data_of(data)) for call in calls]
    assert Amtool(tmp_path, data).expand(calls) == ours


def test_every_name_of_alertmanager_s_default_texts_is_there() -> None:
    theirs = Path("/usr/share/prometheus/alertmanager")
    if not theirs.is_dir():
        missing("no prometheus-alertmanager; apt-get install prometheus-alertmanager")
    assert _names(theirs) <= _names(_DEFAULTS)


def test_a_subject_tells_how_many_fire_what_groups_them_and_what_else_they_share() -> None:
    firing = _notice(_alert(instance="a"), _alert(instance="b"), _alert(500.0, instance="c"))
    assert _expanded("__subject", firing) == "[FIRING:2] Full (db)"
    assert _expanded("__subject", _notice(_alert(500.0))) == "[RESOLVED] Full (db)"


def test_a_message_shows_what_fires_before_what_is_over() -> None:
    shown = _expanded("sns.default.message", _notice(_alert(500.0, host="b"), _alert(host="a")))
    assert [line for line in shown.splitlines() if line.startswith(("* ", "Firing", "Res"))] == [
        "Firing now:",
        "* alertname: Full, host: a, job: db",
        "Resolved:",
        "* alertname: Full, host: b, job: db",
    ]


def test_a_mail_shows_each_alert_and_escapes_what_it_says() -> None:
    shown = _TEMPLATES.expand_html(
        '{{ template "email.default.html" . }}', _notice(_alert(host="a<b"), _alert(500.0))
    )
    assert "Disk &lt;full&gt;" in shown
    assert "host=a&lt;b" in shown
    assert "Disk <full>" not in shown
    assert shown.count("<div") == shown.count("</div>") == 3


@pytest.mark.parametrize(
    ("severities", "priority"),
    [(("info", "critical"), "High"), (("warning", "info"), "Medium"), (("info",), "Low"), ((), "")],
)
def test_a_ticket_s_priority_is_that_of_the_worst_alert(
    severities: tuple[str, ...], priority: str
) -> None:
    alerts = [_alert(severity=severity) for severity in severities]
    assert _expanded("jira.default.priority", _notice(*alerts)) == priority


def test_a_file_replaces_a_default_text_and_adds_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own.tmpl"
    file.write_text('{{ define "__alertmanager" }}Us{{ end }}{{ define "x" }}X{{ end }}whole')
    templates = NoticeTemplates([file])
    text = '{{ template "slack.default.username" . }} {{ template "x" }} {{ template "own.tmpl" }}'
    assert templates.expand(text, _notice()) == "Us X whole"


def test_an_empty_definition_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "own.tmpl"
    file.write_text('{{ define "__alertmanager" }} {{ end }}')
    assert NoticeTemplates([file]).expand('{{ template "__alertmanager" }}', _notice()) == "Opsbook"


def test_a_text_s_own_definitions_stay_with_it() -> None:
    own = '{{ define "__alertmanager" }}Mine{{ end }}{{ template "slack.default.username" . }}'
    assert _TEMPLATES.expand(own, _notice()) == "Mine"
    assert _expanded("slack.default.username", _notice()) == "Opsbook"


@pytest.mark.parametrize(
    ("content", "place"),
    [("a\nb {{ nope }}", "own.tmpl:2:6: there is no function 'nope'"), ("{{ if", "own.tmpl:1:1: ")],
)
def test_a_file_with_a_mistake_is_refused_with_its_place(
    tmp_path: Path, content: str, place: str
) -> None:
    file = tmp_path / "own.tmpl"
    file.write_text(content)
    with pytest.raises(TemplateError, match=re.escape(place)):
        NoticeTemplates([file])


@pytest.mark.parametrize("content", [None, b"\xff", b"x" * (1 << 20) + b"x"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "own.tmpl"
    if content:
        file.write_bytes(content)
    with pytest.raises(TemplateError, match=re.escape("own.tmpl")):
        NoticeTemplates([file])


def test_a_mistake_in_a_file_s_template_is_placed_in_that_file(tmp_path: Path) -> None:
    file = tmp_path / "own.tmpl"
    file.write_text('\n{{ define "x" }}{{ .Stattus }}{{ end }}')
    templates = NoticeTemplates([file])
    with pytest.raises(TemplateError, match=r"own\.tmpl:2:20: .*did you mean \.Status\?"):
        templates.expand('{{ template "x" . }}', _notice())


def test_a_text_is_checked_without_being_expanded() -> None:
    _TEMPLATES.check("{{ .Status | toUpper }}")
    with pytest.raises(TemplateError, match=r"slack\.title:1:4: "):
        _TEMPLATES.check("{{ nope }}", "slack.title")


def test_time_since_is_a_duration() -> None:
    assert (
        _TEMPLATES.expand(
            "{{ (since (index .Alerts 0).StartsAt).Hours | printf `%T` }}", _notice(_alert())
        )
        == "float64"
    )
    assert _TEMPLATES.expand("{{ (now.Sub now).Hours | printf `%.3f` }}", _notice()) in (
        "0.000",
        "-0.000",
    )


def _expanded(name: str, data: NoticeData) -> str:
    return _TEMPLATES.expand(f'{{{{ template "{name}" . }}}}', data)


def _names(folder: Path) -> set[str]:
    texts = (file.read_text() for file in folder.glob("*.tmpl"))
    return {name for text in texts for name in re.findall(r'define "([^"]+)"', text)}


def _what(name: str) -> str:
    """The data that a default text takes."""
    lists = ("__text_alert_list", "pagerduty.default.instances", "opsbook.mail.alerts")
    return ".Alerts" if name.startswith(lists) else "."
