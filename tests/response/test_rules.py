"""A book whose responses cannot be meant is refused, with the place."""

from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from tests.book.books import write_book

BOOK = """
platform: {name: small}
services:
  api: {process: {command: [api]}}
checks:
  api-answers: {service: api, tcp: {host: 127.0.0.1, port: 1}}
runbooks:
  look:
    parameters: {which: {type: service}, patience: {type: duration, default: 30s}}
    steps: [{check: {name: api-answers}}]
  stop-it:
    steps:
      - service: {stop: api}
        verify: {steps: [{check: {name: api-answers, state: [down]}}]}
        no_rollback: it is started by hand
  drop-it:
    steps:
      - class: 3
        command: {argv: ["true"]}
        verify: {steps: [{check: {name: api-answers}}]}
        no_rollback: it is gone
responses:
"""
GOOD = "  - {check: api-answers, runbook: look, with: {which: '{{ alert.labels.service }}'}}"
LABELS = "  - {alert: {alertname: Down}, runbook: look, with: {which: api}}"
DIGEST = "'0123456789abcdef'"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        LABELS,
        "  - {alert: ['severity=~\"high|page\"'], runbook: look, with: {which: '{{ service }}'}}",
        f"  - {{death: api, runbook: stop-it, plan: {DIGEST}}}",
        "  - {death: api, runbook: drop-it, ask: true}",
    ],
)
def test_a_book_may_say(tmp_path: Path, text: str) -> None:
    assert len(read_book(write_book(tmp_path, BOOK + text)).responses) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "  - {check: api-answer, runbook: look, with: {which: api}}",
            "responses[0].check: no such check (got 'api-answer'), did you mean api-answers?",
        ),
        (
            "  - {death: apy, runbook: look, with: {which: api}}",
            "responses[0].death: no such service (got 'apy'), did you mean api?",
        ),
        (
            "  - {death: api, runbook: lok}",
            "responses[0].runbook: no such runbook (got 'lok'), did you mean look?",
        ),
        (
            "  - {runbook: look, with: {which: api}}",
            "responses[0]: what it answers must be one of alert, check, death (got none)",
        ),
        (
            "  - {death: api, check: api-answers, runbook: look, with: {which: api}}",
            "responses[0]: what it answers must be one of alert, check, death (got check, death)",
        ),
        ("  - {death: api, runbook: look}", "responses[0]: parameter which of look is missing"),
        (
            "  - {death: api, runbook: look, with: {wich: api, which: api}}",
            "responses[0].with.wich: no such parameter (got 'wich'), did you mean which?",
        ),
        (
            "  - {death: api, runbook: look, with: {which: apo}}",
            "responses[0].with.which: unknown (got 'apo'): did you mean api?",
        ),
        (
            "  - {death: api, runbook: look, with: {which: '{{ alert.labels.service }}'}}",
            "nothing has this name (got 'alert'), known: incident, service",
        ),
        (
            "  - {death: api, runbook: stop-it}",
            "responses[0].runbook: stop-it has steps of class 2: nobody is there to confirm them",
        ),
        (
            "  - {death: api, runbook: drop-it}",
            "responses[0].runbook: drop-it is of class 3: a second person has to consent",
        ),
        (f"{LABELS}\n{LABELS}", "responses[1]: two responses (got 'look for alertname=Down')"),
        (
            "  - {alert: ['a=~\"(\"'], runbook: look, with: {which: api}}",
            "responses[0].alert",
        ),
    ],
)
def test_a_book_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BookError) as caught:
        read_book(write_book(tmp_path, BOOK + text))
    assert said in str(caught.value)
