"""Data of notices from the JSON that amtool reads, and amtool itself."""

import json
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsbook.alerts.templates.notice_data import KV, AlertData, Alerts, NoticeData
from opsbook.alerts.templates.times import SECOND, Time
from tests.requirement import needs_program

_BETWEEN = "\x01"
_TIME = re.compile(r"(.*?)(?:\.(\d+))?Z")


def data_of(given: dict[str, Any]) -> NoticeData:
    return NoticeData(
        Receiver=given["receiver"],
        Status=given["status"],
        Alerts=Alerts(_alert(alert) for alert in given["alerts"]),
        GroupLabels=KV(given["groupLabels"]),
        CommonLabels=KV(given["commonLabels"]),
        CommonAnnotations=KV(given["commonAnnotations"]),
        ExternalURL=given["externalURL"],
    )


def _alert(given: dict[str, Any]) -> AlertData:
    return AlertData(
        Status=given["status"],
        Labels=KV(given["labels"]),
        Annotations=KV(given["annotations"]),
        StartsAt=_time(given["startsAt"]),
        EndsAt=_time(given["endsAt"]),
        GeneratorURL=given["generatorURL"],
        Fingerprint=given["fingerprint"],
    )


def _time(text: str) -> Time:
    found = _TIME.fullmatch(text)
    assert found
    whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    seconds = (whole - datetime(1970, 1, 1, tzinfo=UTC)) // (whole.resolution * 1_000_000)
    return Time(seconds * SECOND + int((found[2] or "0").ljust(9, "0")))


class Amtool:
    """Expands templates with Alertmanager's own tool. Templates by name, one call for many."""

    def __init__(self, folder: Path, data: dict[str, Any], kind: str = "text") -> None:
        self._program = needs_program("amtool", "prometheus-alertmanager")
        self._folder = folder
        self._kind = kind
        (folder / "data.json").write_text(json.dumps(data))

    def expand(self, templates: Sequence[str]) -> list[str]:
        for number, template in enumerate(templates):
            (self._folder / f"{number}.tmpl").write_text(template, encoding="utf-8")
        calls = (f'{{{{ template "{number}.tmpl" . }}}}' for number in range(len(templates)))
        return self._render(_BETWEEN.join(calls)).stdout.split(_BETWEEN)

    def refusal(self, template: str) -> str:
        """What it says; empty where the template is fine."""
        return self._render(template, check=False).stderr

    def _render(self, text: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self._program,
                "template",
                "render",
                f"--template.glob={self._folder}/*.tmpl",
                f"--template.data={self._folder}/data.json",
                f"--template.type={self._kind}",
                f"--template.text={text}",
            ],
            check=check,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
        )
