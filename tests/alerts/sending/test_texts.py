"""Texts about one notice."""

import hashlib

import pytest

from opsbook.alerts.sending.texts import Texts, group_hash
from opsbook.alerts.templates.language.errors import TemplateError
from tests.alerts.notifiers.notices import GROUP_KEY, notice, storm, templates


def test_values_are_escaped_in_html_alone() -> None:
    texts = Texts(notice(), templates())
    assert texts("{{ .CommonAnnotations.summary }}") == "grün & <voll>"
    assert texts.html("{{ .CommonAnnotations.summary }}") == "grün &amp; &lt;voll&gt;"


def test_a_group_has_the_same_hash_as_with_alertmanager() -> None:
    assert group_hash(notice()) == hashlib.sha256(GROUP_KEY.encode()).hexdigest()


def test_a_text_about_too_many_alerts_tells_of_the_first() -> None:
    texts = Texts(storm(), templates())
    text = texts("{{ range .Alerts }}{{ .Labels.instance }} {{ .Labels.log }} {{ end }}")
    assert text.startswith("0 x")
    assert text.endswith("\n… and 200 more alerts")
    assert texts("{{ len .Alerts }}") == "300"


def test_what_is_wrong_with_every_notice_is_an_error() -> None:
    for what in (notice(), storm()):
        with pytest.raises(TemplateError):
            Texts(what, templates())('{{ template "no such" . }}')
