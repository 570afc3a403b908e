"""What the loader refuses, with the exact place."""

from pathlib import Path

import pytest

from opsbook.book.source import read_source
from opsbook.runbooks.rules import runbook_problems
from opsbook.runbooks.settings import runbook_type

FINE = """
runbooks:
  restart-gateway:
    description: One restart mends it.
    parameters:
      patience: {type: duration, default: 30s}
    steps:
      - name: load
        query: {expression: 'sum(rate(api_requests_total[1m]))'}
      - name: restart
        service: {restart: api-gateway}
        precheck: [{check: {name: health, state: [down]}}]
        verify: {within: 30s, steps: [{check: {name: health}}]}
        no_rollback: a restart changes nothing that could be put back
      - name: tell
        notify: {receiver: team, subject: restarted, text: "load was {{ steps.load.value }}"}
  sweep:
    parameters: {what: {type: text}}
    steps:
      - name: all
        for-each: {items: [a, b], steps: [{run: {runbook: restart-gateway}}]}
"""


def problems(text: str, directory: Path) -> list[str]:
    file = directory / "book.yaml"
    file.write_text(text)
    source = read_source(file)
    kind = runbook_type()
    found = runbook_problems(
        {name: kind.model_validate(each) for name, each in source.data["runbooks"].items()},
        checks=["health"],
        services=["api-gateway"],
        receivers=["team"],
        hosts=["edge"],
        source=source,
    )
    return [str(each).removeprefix(f"{file}:") for each in found]


def test_a_runbook_as_it_should_be_has_no_problem(tmp_path: Path) -> None:
    assert problems(FINE, tmp_path) == []


RESTART = "runbooks.restart-gateway.steps[1]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("verify: {within: 30s, steps: [{check: {name: health}}]}", "", "must say what proves"),
        ("no_rollback: a restart changes nothing that could be put back", "", "takes it back"),
        ("no_rollback: a", "class: 0\n        no_rollback: a", "steps[1].class: service is of"),
        ("restart: api-gateway", "restart: api-gatewy", "did you mean api-gateway?"),
        ("{name: health, state: [down]}", "{name: healt}", "precheck[0].check: no such check"),
        ("receiver: team", "receiver: teem", "steps[2].notify: no such receiver"),
        ("runbook: restart-gateway", "runbook: restart", "no such runbook"),
        ("runbook: restart-gateway", "runbook: sweep", "runbooks run each other in a circle"),
        ("runbook: restart-gateway", "runbook: '{{ what }}'", "name it without"),
        ("runbook: restart-gateway}", "runbook: restart-gateway, with: {x: 1}}", "with.x: runbook"),
        ("steps.load.value", "steps.load.valeu", "did you mean value?"),
        ("steps.load.value", "steps.lode.value", "did you mean load?"),
        ("steps.load.value", "patence", "did you mean patience?"),
        ("'sum(rate(api_requests_total[1m]))'", "'{{ steps.tell.answer }}'", "comes later"),
        ("name: tell", "name: load", "two steps of one name"),
        ("default: 30s", "default: soon", "parameters.patience.default: the default does not fit"),
        ("patience: {type", "run: {type", "'run' is taken"),
        ("precheck: [{check: {name: health, state: [down]}}]", "host: far", "no such host"),
        ("[{check: {name: health, state: [down]}}]", "[{service: {stop: api-gateway}}]", "looks"),
        ("description: One", "window: {zone: Mars}\n    description: One", "no such time zone"),
        ("{type: text}", "{type: choice}", "a choice without choices"),
        ("{type: text}", "{type: number, minimum: 3, maximum: 1}", "greater than the maximum"),
        ("{type: text}", "{type: text, pattern: '('}", "not a regular expression"),
        ("query: {expression", "http: {url: http://x, method: POST} #", "the class is missing"),
    ],
)
def test_each_mistake_is_named_at_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FINE
    found = problems(FINE.replace(old, new, 1), tmp_path)
    assert any(said in each for each in found), found


SECRET = """
runbooks:
  outer:
    parameters: {key: {type: secret}}
    steps:
      - name: call
        class: 0
        command:
          argv: [curl, https://example.org]
          environment: {KEY: "{{ key }}"}
      - run: {runbook: inner, with: {token: "{{ key }}"}}
  inner:
    parameters: {token: {type: secret}, word: {type: text, default: x}}
    steps:
      - query: {expression: 'up'}
"""


def test_secrets_where_they_belong_are_no_problem(tmp_path: Path) -> None:
    assert problems(SECRET, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "[curl, https://example.org]",
            "[curl, 'x{{ key }}']",
            "steps[0].command.argv[1]: anybody",
        ),
        ("[curl, https://example.org]", "[curl, 'x{{ key }}']", "give it in `environment:`"),
        ('token: "{{ key }}"', 'word: "{{ key }}", token: env:X', "with.word: parameter word of"),
        ("class: 0", "class: 0\n        start_within: 1m", "start_within: only another host"),
    ],
)
def test_a_secret_where_it_would_show_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in SECRET
    found = problems(SECRET.replace(old, new, 1), tmp_path)
    assert any(said in each for each in found), found


def test_a_problem_names_line_and_path(tmp_path: Path) -> None:
    found = problems(FINE.replace("{restart: api-gateway}", "{restart: gone}"), tmp_path)
    assert [each.split(": ")[0] for each in found] == [f"11:18 {RESTART}.service"]
