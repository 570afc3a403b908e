"""Notices to send, and notifiers as Alertmanager's file declares them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError, notifier_kinds
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.labels import labels_of

AT = 1_700_000_000.0
KEY = "5f0c3c1e-8a3f-4a55-9a6c-0d6f2b1d7e11"
GROUP_KEY = '{}:{alertname="Disk full"}'


def alert(name: str = "Disk full", *, resolved: bool = False, **labels: str) -> Alert:
    return Alert(
        labels=labels_of({"alertname": name, "severity": "critical", **labels}),
        annotations=labels_of({"summary": "grün & <voll>"}),
        starts_at=AT - 60.25,
        ends_at=AT - 10 if resolved else AT + 300,
        updated_at=AT - 30,
        generator_url="http://prometheus:9090/graph?g0.expr=up&g0.tab=1",
    )


def notice(*alerts: Alert, resolved: bool = False) -> Notice:
    two = tuple(alert(instance=name, resolved=resolved) for name in ("a", "b"))
    return Notice(
        receiver="team-x",
        group_key=GROUP_KEY,
        group_labels=labels_of({"alertname": "Disk full"}),
        alerts=alerts or two,
        at=AT,
        external_url="http://opsbook.example",
    )


def storm() -> Notice:
    """More than any text about them may hold."""
    return notice(*(alert(instance=f"{number}", log="x" * 5_000) for number in range(300)))


def notifier(kind: str, settings: Mapping[str, Any]) -> Notifier:
    return notifier_kinds.load(kind).model_validate(settings, context={"plain_secrets": True})


async def send(to: Notifier, what: Notice | None = None, key: str = KEY) -> Delivery:
    return await to.send(what or notice(), key, templates())


async def failure(to: Notifier, what: Notice | None = None) -> NotSentError:
    """What sending raises."""
    try:
        delivery = await send(to, what)
    except NotSentError as error:
        return error
    raise AssertionError(f"it was sent: {delivery}")


@cache
def templates() -> NoticeTemplates:
    return NoticeTemplates()
