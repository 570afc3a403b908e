"""What the public sees: plain words, no script, readable in both themes."""

import base64
import hashlib
import re

import pytest

from opsbook.web.public.model import (
    PublicDay,
    PublicIncident,
    PublicService,
    PublicState,
    PublicStatus,
    PublicUpdate,
)
from opsbook.web.public.page import POLICY, render
from opsbook.web.public.settings import StatusPageSettings

AT = "2026-11-21T18:04:05.123Z"
THEMES = ("light", "dark")
STATES: tuple[PublicState, ...] = ("up", "maintenance", "degraded", "unknown", "down")


def page(
    state: PublicState = "up",
    days: list[PublicDay] | None = None,
    told: list[PublicIncident] | None = None,
    name: str = "Search",
    **settings: object,
) -> str:
    asked = {"title": "Example", "services": {name: {"of": ["a"]}}, **settings}
    service = PublicService(name=name, description="", state=state, days=days or [])
    status = PublicStatus(
        title="Example",
        description="",
        made_at=AT,
        state=state,
        services=[service],
        incidents=told,
    )
    return render(status, StatusPageSettings.model_validate(asked)).decode()


def days(*states: PublicState) -> list[PublicDay]:
    return [PublicDay(day=f"2026-11-{day:02}", state=each) for day, each in enumerate(states, 1)]


def text(html: str) -> str:
    """What is read out, without the style."""
    plain = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(plain.split())


def test_it_says_when_it_was_made() -> None:
    assert f'As of <time datetime="{AT}">2026-11-21 18:04 UTC</time>' in page()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("up", "Everything works"),
        ("maintenance", "Something is under maintenance"),
        ("degraded", "Something works only in part"),
        ("unknown", "Whether everything works is unknown"),
        ("down", "Something does not work"),
    ],
)
def test_the_verdict_is_in_words(state: PublicState, said: str) -> None:
    html = page(state)
    assert f"<strong>{said}</strong>" in html
    assert f"<title>{said} – Example</title>" in html


def test_days_are_counted_in_words_and_listed_where_something_was() -> None:
    html = text(page(days=days("unknown", "unknown", "up", "down", "up"), history_days=5))
    assert "The last 5 days: works 2, unknown 2, does not work 1" in html
    assert "2026-11-04 : does not work 2026-11-01 to 2026-11-02 : unknown" in html


def test_where_all_days_were_well_it_says_so() -> None:
    assert "It worked on each of these days." in text(page(days=days("up", "up")))


def test_each_state_has_a_bar_of_its_own_shape() -> None:
    bars = re.findall(r'<rect class="(\w+)" x="\d+" y="(\d+)"', page(days=days(*STATES)))
    shapes = {(y, state == "unknown") for state, y in bars}
    assert [state for state, _ in bars] == list(STATES)
    assert len(shapes) == len(STATES)


def test_an_incident_is_told_with_its_time_until_it_has_ended() -> None:
    update = PublicUpdate(at=AT, text="We are at it.")
    going = PublicIncident(services=["Search"], began_at=AT, ended_at=None, updates=[update])
    over = going.model_copy(update={"ended_at": "2026-11-21T19:00:00Z"})
    html = text(page(told=[going, over], incidents=True))
    assert "since 2026-11-21 18:04 UTC , it goes on 2026-11-21 18:04 UTC We are at it." in html
    assert "2026-11-21 18:04 UTC to 2026-11-21 19:00 UTC" in html


def test_none_and_unknown_and_not_shown_are_three_things() -> None:
    assert "The last 90 days: nothing was told." in text(page(told=[], incidents=True))
    assert "What was told is unknown at the moment." in text(page(told=None, incidents=True))
    assert "Incidents" not in text(page(told=None))


def test_what_people_wrote_is_text_and_never_markup() -> None:
    wrong = "<script>alert(1)</script>"
    update = PublicUpdate(at=AT, text=wrong)
    told = PublicIncident(services=[wrong], began_at=AT, ended_at=None, updates=[update])
    html = page(told=[told], incidents=True, name=wrong)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3


def test_it_speaks_the_language_of_the_book() -> None:
    html = page(language="de")
    assert '<html lang="de">' in html
    assert "Alles funktioniert" in html


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    style = re.findall(r"<style>(.*?)</style>", page(), re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert len(style) == 1
    assert f"style-src 'sha256-{allowed}';" in POLICY
    assert "default-src 'none'" in POLICY


def test_nothing_in_it_needs_more_than_the_policy_allows() -> None:
    html = page(days=days(*STATES), incidents=True)
    assert not re.search(r"<script|<link rel=.stylesheet|<img|<iframe|style=|\bon\w+=|http", html)


@pytest.mark.parametrize("theme", THEMES)
def test_colours_can_be_told_from_the_page(theme: str) -> None:
    colours = theme_colours(page(), theme)
    behind = colours.pop("page")
    told = {name: contrast(each, behind) for name, each in colours.items() if name != "line"}
    assert len(told) == len(STATES) + 2
    assert {name for name, found in told.items() if found < 4.5} == set()


def theme_colours(html: str, theme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    found = light if theme == "light" else dark
    return dict(re.findall(r"--(\w+): (#\w{6})", found))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
