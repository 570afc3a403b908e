"""What the public is told → a page that needs no script, no cookie and nothing from elsewhere.

Sources: WCAG 2.2, level AA; Content Security Policy Level 3, for the hash of the style.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from opsbook.probes.model import State
from opsbook.web.public.model import PublicDay, PublicStatus
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.words import WORDS, Words

_HERE = Path(__file__).parent
_STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing but the style that stands in the page."""

_HEIGHTS = {State.UP: 40, State.MAINTENANCE: 30, State.DEGRADED: 22, State.DOWN: 12}
"""Of 40: a day is told by its height, too. One of which nothing is known is hollow."""

_templates = Environment(
    loader=FileSystemLoader(_HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row of one state."""

    first: str
    last: str
    state: State


def render(status: PublicStatus, settings: StatusPageSettings) -> bytes:
    """The page as UTF-8."""
    words = WORDS[settings.language]
    return (
        _templates.get_template("page.html")
        .render(
            status=status,
            settings=settings,
            words=words,
            style=Markup(_STYLE),  # noqa: S704 - our own file, and its hash is in the policy
            states=list(words.states),
            height=_height,
            stretches=_stretches,
            said_of_days=lambda days: _said_of_days(days, words),
            days=_title_of_days(settings.history_days, words),
            moment=_moment,
        )
        .encode()
    )


def _height(state: str) -> int:
    return _HEIGHTS.get(State(state), 40)


def _stretches(days: Sequence[PublicDay]) -> list[Stretch]:
    """The days that were not all well, newest first."""
    found = []
    for state, group in groupby(days, key=lambda day: day.state):
        row = list(group)
        if state != State.UP:
            found.append(Stretch(row[0].day, row[-1].day, State(state)))
    return found[::-1]


def _said_of_days(days: Sequence[PublicDay], words: Words) -> str:
    """`The last 90 days: works 88, unknown 2`."""
    counts = Counter(State(day.state) for day in days)
    told = [f"{said} {counts[state]}" for state, said in words.states.items() if counts[state]]
    return f"{_title_of_days(len(days), words)}: {', '.join(told)}"


def _title_of_days(count: int, words: Words) -> str:
    return words.today if count == 1 else words.days.format(count=count)


def _moment(text: str) -> dict[str, Any]:
    """For people: `2026-11-21 18:04 UTC`; and for machines as it is."""
    return {"iso": text, "shown": datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M UTC")}
