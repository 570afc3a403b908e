"""How problems are told: once, with advice, without secrets."""

from pathlib import Path

from opsbook.alerts.configuration.advice import advised
from opsbook.book.problems import Mark, Problem
from tests.alerts.configuration.kinds import KINDS, refusal

MARK = Mark(Path("a.yml"), 1, 1)


def told(*paths: str, what: str = "wrong (got 'xyzzy')") -> list[str]:
    problems = [Problem(MARK, path, what, "known: x") for path in paths]
    return [f"{each.path}: {each.what}, {each.allowed}" for each in advised(problems, KINDS)]


def test_what_is_wrong_with_global_is_not_told_of_each_entry() -> None:
    entries = ["receivers[0].email_configs[1].smarthost", "receivers[3].email_configs[0].from"]
    assert told("global.smtp_smarthost", *entries, what="wrong") == [
        "global.smtp_smarthost: wrong, known: x",
        "receivers[3].email_configs[0].from: wrong, known: x",
    ]


def test_what_may_be_a_secret_is_not_repeated() -> None:
    assert told("global.slack_api_url", "receivers[0].slack_configs[0].api_url") == [
        "global.slack_api_url: wrong, known: x",
    ]
    assert told("receivers[0].slack_configs[0].api_url") == [
        "receivers[0].slack_configs[0].api_url: wrong, known: x"
    ]
    assert told("receivers[0].email_configs[0].to") == [
        "receivers[0].email_configs[0].to: wrong (got 'xyzzy'), known: x"
    ]


def test_a_kind_that_is_not_carried_has_advice_of_its_own() -> None:
    (said,) = told("receivers[0].webex_configs", what="unknown key (got 'webex_configs')")
    assert said.endswith("use apprise_configs with the URL wxteams://TOKEN")


def test_what_is_about_nothing_in_particular_stays_as_it_is() -> None:
    assert told("route.receiver") == ["route.receiver: wrong (got 'xyzzy'), known: x"]


def test_no_secret_is_in_a_refusal(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        """
        global: {slack_api_url: hooks/xyzzy, smtp_auth_password: [xyzzy], opsgenie_api_key: {a: b}}
        route: {receiver: a}
        receivers:
        - name: a
          webhook_configs: [{url: 'ftp://xyzzy'}, {url: [xyzzy]}]
          slack_configs: [{api_url: {a: xyzzy}}]
          pagerduty_configs: [{routing_key: [xyzzy]}]
        """,
    )
    assert said.count("\n") > 5
    assert "xyzzy" not in said
