"""Rules' templates expanded over series, by ourselves and by promtool."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsbook.alerts.templates.language.quoting import unquoted
from opsbook.alerts.templates.rules import expand
from opsbook.alerts.templates.samples import Sample, samples_of
from opsbook.core.labels import labels_of
from opsbook.metrics.promql.engine import Engine
from tests.metrics.memory import Memory
from tests.requirement import needs_program

_ANNOTATION = re.compile(r'(a\d+)=("(?:[^"\\]|\\.)*")')
_ALERT = "Shown"
_METRIC = "shown"


class Scene:
    """What a rule's templates see: the alert, and series to query."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        memory = Memory()
        for name, series in data["series"].items():
            for labels, value in series:
                memory.add(labels_of({"__name__": name, **labels}), [(0, value)])
        self._engine = Engine(memory)

    def expand(self, template: str) -> str:
        return expand(
            template,
            labels_of({"__name__": _METRIC, **self._data["labels"]}),
            self._data["value"],
            labels_of(self._data["externalLabels"]),
            self._data["externalURL"],
            self._query,
            at=0.0,
        )

    def _query(self, expression: str) -> Sequence[Sample]:
        return samples_of(self._engine.instant(expression, 0))


def promtool(folder: Path, data: dict[str, Any], templates: Sequence[str]) -> list[str]:
    """The annotations that Prometheus' unit test of a rule finds, where none were expected."""
    program = needs_program("promtool", "prometheus")
    labels = _selector(data["labels"])
    rules_file(folder, templates)
    series = [{"series": f"{_METRIC}{labels}", "values": str(data["value"])}]
    for name, each in data["series"].items():
        series += [{"series": name + _selector(own), "values": str(value)} for own, value in each]
    test = {
        "interval": "1m",
        "external_labels": data["externalLabels"],
        "external_url": data["externalURL"],
        "input_series": series,
        "alert_rule_test": [{"eval_time": "0m", "alertname": _ALERT}],
    }
    unit = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "test.yml").write_text(json.dumps(unit))
    ran = subprocess.run(
        [program, "test", "rules", "test.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    got = dict(_ANNOTATION.findall(ran.stdout + ran.stderr))
    return [
        unquoted(got[f"a{number}"]) if f"a{number}" in got else ""
        for number in range(len(templates))
    ]


def rules_file(folder: Path, templates: Sequence[str]) -> Path:
    """A rule with the templates as its annotations a0, a1, …"""
    annotations = {f"a{number}": text for number, text in enumerate(templates)}
    rule = {"alert": _ALERT, "expr": f"{_METRIC} > -1e300", "annotations": annotations}
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}))
    return file


def _selector(labels: dict[str, str]) -> str:
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"
