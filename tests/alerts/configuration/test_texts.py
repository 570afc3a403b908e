"""Templates are tried before they are needed."""

from pathlib import Path

import pytest

from opsbook.alerts.configuration.texts import template_files
from tests.alerts.configuration.kinds import read, refusal

HOOK = "webhook_configs: [{url: 'http://a'}]"


def whole(entry: str = HOOK, templates: str = "") -> str:
    return f"templates: [{templates}]\nroute: {{receiver: a}}\nreceivers: [{{name: a, {entry}}}]"


def slack(text: str) -> str:
    return whole(f"slack_configs: [{{api_url: 'http://a', text: '{text}'}}]", '"*.tmpl"')


def test_files_are_found_beside_the_configuration_in_order(tmp_path: Path) -> None:
    for name in ("b.tmpl", "a.tmpl", "c/d.tmpl", "e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = read(tmp_path, whole(templates='"*/*.tmpl", "*.tmpl", e.txt'))
    names = [str(file.relative_to(tmp_path)) for file in template_files(found.document)]
    assert names == ["c/d.tmpl", "a.tmpl", "b.tmpl", "e.txt"]


def test_a_file_that_is_no_template_is_refused_with_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").write_text("fine\n{{ end }}")
    told = refusal(tmp_path, whole(templates='"*.tmpl"'))
    assert told.startswith(f"{tmp_path}/alertmanager.yml:1:13 templates[0]: template {tmp_path}")
    assert "/a.tmpl:2:" in told


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").write_bytes(b"\xff")
    assert "a.tmpl: cannot be read" in refusal(tmp_path, whole(templates="a.tmpl"))


def test_a_pattern_that_finds_nothing_is_remarked_on(tmp_path: Path) -> None:
    (remark,) = read(tmp_path, whole(templates="none.tmpl")).remarks
    assert f"templates[0]: no such file (got '{tmp_path}/none.tmpl')" in str(remark)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ if }}", "what to if is missing"),
        ('{{ template "none" . }}', "there is no template 'none'"),
        ('{{ template "circle" . }}', "is it a circle?"),
        ("{{ none . }}", "none"),
    ],
)
def test_a_text_that_never_works_is_refused_at_its_place(
    text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "circle.tmpl").write_text(
        '{{ define "circle" }}{{ template "other" . }}{{ end }}'
        '{{ define "other" }}{{ template "circle" . }}{{ end }}'
    )
    told = refusal(tmp_path, slack(text))
    assert "receivers[0].slack_configs[0].text: " in told
    assert said in told


def test_a_text_that_may_work_with_other_alerts_is_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").touch()
    (remark,) = read(tmp_path, slack("{{ (index .Alerts 7).Status }}")).remarks
    assert "slack_configs[0].text: with an example: template inline:1:" in str(remark)


def test_texts_in_lists_and_mappings_are_tried_too(tmp_path: Path) -> None:
    text = '{{ template "none" . }}'
    fields = f"slack_configs: [{{api_url: 'http://a', fields: [{{title: a, value: '{text}'}}]}}]"
    assert "slack_configs[0].fields[0].value: " in refusal(tmp_path, whole(fields))
    headers = f"email_configs: [{{to: a, from: b, smarthost: 'c:1', headers: {{D: '{text}'}}}}]"
    assert "email_configs[0].headers.D: " in refusal(tmp_path, whole(headers))


def test_the_default_texts_work(tmp_path: Path) -> None:
    entries = (
        "slack_configs: [{api_url: 'http://a'}], pushover_configs: [{user_key: a, token: b}], "
        "opsgenie_configs: [{api_key: a}], pagerduty_configs: [{routing_key: a}], "
        "email_configs: [{to: a, from: b, smarthost: 'c:1'}], "
        "discord_configs: [{webhook_url: 'http://a'}], "
        "msteams_configs: [{webhook_url: 'http://a'}], "
        "msteamsv2_configs: [{webhook_url: 'http://a'}], apprise_configs: [{url: 'ntfy://a'}], "
        "sns_configs: [{topic_arn: 'arn:aws:sns:us-east-2:123456789012:x', sigv4: {region: b}}]"
    )
    assert read(tmp_path, whole(entries)).remarks == ()
