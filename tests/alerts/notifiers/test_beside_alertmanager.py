"""The same entries and the same alert: what Alertmanager posts, and what we post.

Where ours is meant to differ from 0.25, it is not asked here: long titles are cut for Discord,
which refuses them, and Slack is told of a button's `confirm`.
"""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.alerts.model import Alert, Notice
from opsbook.core.labels import labels_of
from tests.alerts.notifiers.catcher import Catcher, Request, answer, catching
from tests.alerts.notifiers.notices import notifier, send
from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import running

LABELS = {"alertname": "Disk full", "severity": "critical", "used": "90 % — größer"}
ANNOTATIONS = {"summary": 'a "quoted" <b>word</b> & more', "long": "ü" * 5_000}
STARTS = 1_700_000_000.25
SAID = "{{ .Status }}: {{ .CommonAnnotations.summary }} {{ .GroupLabels.SortedPairs.Values }}"
LONG = "{{ .CommonAnnotations.long }}"
ACCEPTED = answer(
    200, '{"ok": true, "result": {"message_id": 1, "chat": {"id": -5}}}', "application/json"
)
"""A yes for each of the services; without a chat Alertmanager would crash."""


def entries(url: str) -> dict[str, dict[str, Any]]:
    """Of every kind whose address can be set, with texts of its own."""
    button = {"type": "button", "text": "Open {{ .Status }}", "url": "{{ .ExternalURL }}"}
    return {
        "webhook": {"url": f"{url}/webhook"},
        "slack": {
            "send_resolved": True,
            "api_url": f"{url}/slack",
            "channel": "#{{ .CommonLabels.severity }}",
            "username": "ops",
            "title": LONG,
            "title_link": "{{ .ExternalURL }}",
            "text": SAID,
            "pretext": "{{ len .Alerts.Firing }}",
            "fallback": "f",
            "footer": "at the end",
            "fields": [{"title": "t", "value": SAID}, {"title": "u", "value": "v", "short": True}],
            "actions": [button, {"type": "button", "text": "t", "name": "n", "value": SAID}],
            "icon_emoji": ":fire:",
            "link_names": True,
            "mrkdwn_in": ["text"],
        },
        "pagerduty": {
            "routing_key": "key-{{ .CommonLabels.severity }}",
            "url": f"{url}/pagerduty",
            "client": "us",
            "client_url": "{{ .ExternalURL }}",
            "description": LONG,
            "severity": "{{ .CommonLabels.severity }}",
            "class": "c",
            "component": "d",
            "group": "{{ .GroupLabels.alertname }}",
            "details": dict.fromkeys(["firing", "resolved", "more"], SAID),
            "images": [{"src": "http://x/{{ .Status }}", "alt": "a", "href": "h"}, {"alt": "b"}],
            "links": [{"href": "http://y", "text": SAID}],
        },
        "opsgenie": {
            "api_key": "key",
            "api_url": f"{url}/opsgenie/",
            "message": LONG,
            "description": SAID,
            "source": "us",
            "details": {"more": SAID},
            "responders": [
                {"name": "a,b", "type": "teams"},
                {"name": "{{ .CommonLabels.severity }}", "type": "team"},
            ],
            "tags": "x,{{ .Status }}",
            "note": "n",
            "priority": "P2",
            "entity": "e",
            "actions": "p,q",
            "update_alerts": True,
        },
        "discord": {"webhook_url": f"{url}/discord", "title": SAID, "message": SAID},
        "telegram": {
            "api_url": f"{url}/telegram",
            "bot_token": "1:t",
            "chat_id": -5,
            "message": SAID,
            "disable_notifications": True,
        },
        "sns": {
            "api_url": f"{url}/sns/",
            "sigv4": {"region": "eu-west-1", "access_key": "AKID", "secret_key": "word"},
            "topic_arn": "arn:aws:sns:eu-west-1:1:t",
            "subject": "s {{ .Status }}",
            "message": SAID,
            "attributes": {"team": "x"},
        },
    }


@contextmanager
def alertmanager(directory: Path, url: str) -> Iterator[str]:
    """Its address; it tells one receiver, which has all the entries."""
    program = needs_program("prometheus-alertmanager")
    file = directory / "alertmanager.yml"
    receiver = {f"{kind}_configs": [entry] for kind, entry in entries(url).items()}
    route = {"receiver": "team-x", "group_by": ["alertname"], "group_wait": "100ms"}
    route["group_interval"] = "1s"
    config = {"route": route, "receivers": [{"name": "team-x", **receiver}]}
    file.write_text(json.dumps(config))
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    argv = [program, f"--config.file={file}", f"--storage.path={directory}"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    argv += ["--web.external-url=http://opsbook.example"]
    with running(argv, directory, lambda: _ready(at)):
        yield at


def _ready(at: str) -> bool:
    try:
        with urllib.request.urlopen(f"{at}/-/ready", timeout=1) as page:
            return bool(page.status == 200)
    except OSError:
        return False


async def raise_alert(at: str, ends: float) -> None:
    alert = {
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "startsAt": datetime.fromtimestamp(STARTS, UTC).isoformat(),
        "endsAt": datetime.fromtimestamp(ends, UTC).isoformat(),
        "generatorURL": "http://prometheus/graph?a=1&b=2",
    }
    async with httpx2.AsyncClient(trust_env=False) as client:
        (await client.post(f"{at}/api/v2/alerts", json=[alert])).raise_for_status()


def ours(ends: float, now: float) -> Notice:
    alert = Alert(
        labels=labels_of(LABELS),
        annotations=labels_of(ANNOTATIONS),
        starts_at=STARTS,
        ends_at=ends,
        updated_at=now,
        generator_url="http://prometheus/graph?a=1&b=2",
    )
    group = labels_of({"alertname": "Disk full"})
    key = '{}:{alertname="Disk full"}'
    return Notice("team-x", key, group, (alert,), now, "http://opsbook.example")


async def heard(catcher: Catcher, enough: int) -> list[Request]:
    """What was caught, as soon as it is so much; the catcher is empty after."""
    async with asyncio.timeout(20):
        while len(catcher.caught) < enough:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    caught, catcher.caught = catcher.caught, []
    return caught


def shape(request: Request) -> tuple[str, str, Any]:
    """What can be compared: the order of JSON's keys and of a form's fields means nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    said = request.form() if kind == "application/x-www-form-urlencoded" else request.json()
    return request.method, request.path, said


async def told_by_us(url: str, catcher: Catcher, what: Notice) -> list[Request]:
    for kind, entry in entries(url).items():
        await send(notifier(kind, entry), what)
    return await heard(catcher, 7)


def by_path(requests: list[Request]) -> Mapping[str, list[tuple[str, str, Any]]]:
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for request in requests:
        found.setdefault(request.path.partition("?")[0], []).append(shape(request))
    return found


@pytest.fixture
async def catcher() -> Any:
    async with catching(ACCEPTED) as catcher:
        yield catcher


async def test_what_is_posted_is_the_same(catcher: Catcher, tmp_path: Path) -> None:
    now = time.time()
    with alertmanager(tmp_path, catcher.url) as at:
        firing_until, ended = round(now + 600), round(now - 1)
        await raise_alert(at, firing_until)
        theirs_firing = await heard(catcher, 9)
        await raise_alert(at, ended)
        theirs_resolved = await heard(catcher, 7)
    ours_firing = await told_by_us(catcher.url, catcher, ours(firing_until, now))
    ours_resolved = await told_by_us(catcher.url, catcher, ours(ended, now))
    assert by_path(ours_firing) == by_path(theirs_firing)
    assert by_path(ours_resolved) == by_path(theirs_resolved)
