"""The page's own words, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opsbook.probes.model import State

Language = Literal["en", "de"]


@dataclass(frozen=True, slots=True)
class Words:
    """All that the page says by itself."""

    states: Mapping[State, str]
    verdicts: Mapping[State, str]
    """What the worst state means for the whole."""
    days: str
    """With `{count}`; where there is one day, `today`."""
    today: str
    all_well: str
    """Where no day is listed."""
    incidents: str
    no_incidents: str
    incidents_not_known: str
    ongoing: str
    since: str
    to: str
    """Between the two ends of a time."""
    made_at: str
    legend: str


WORDS: Mapping[Language, Words] = {
    "en": Words(
        states={
            State.UP: "works",
            State.MAINTENANCE: "under maintenance",
            State.DEGRADED: "works in part",
            State.UNKNOWN: "unknown",
            State.DOWN: "does not work",
        },
        verdicts={
            State.UP: "Everything works",
            State.MAINTENANCE: "Something is under maintenance",
            State.DEGRADED: "Something works only in part",
            State.UNKNOWN: "Whether everything works is unknown",
            State.DOWN: "Something does not work",
        },
        days="The last {count} days",
        today="Today",
        all_well="It worked on each of these days.",
        incidents="Incidents",
        no_incidents="nothing was told.",
        incidents_not_known="What was told is unknown at the moment.",
        ongoing="it goes on",
        since="since",
        to="to",
        made_at="As of",
        legend="What the bars mean",
    ),
    "de": Words(
        states={
            State.UP: "funktioniert",
            State.MAINTENANCE: "in Wartung",
            State.DEGRADED: "funktioniert teilweise",
            State.UNKNOWN: "unbekannt",
            State.DOWN: "funktioniert nicht",
        },
        verdicts={
            State.UP: "Alles funktioniert",
            State.MAINTENANCE: "Etwas ist in Wartung",
            State.DEGRADED: "Etwas funktioniert nur teilweise",
            State.UNKNOWN: "Ob alles funktioniert, ist unbekannt",
            State.DOWN: "Etwas funktioniert nicht",
        },
        days="Die letzten {count} Tage",
        today="Heute",
        all_well="Es funktionierte an jedem dieser Tage.",
        incidents="Störungen",
        no_incidents="nichts wurde berichtet.",
        incidents_not_known="Was berichtet wurde, ist im Moment unbekannt.",
        ongoing="dauert an",
        since="seit",
        to="bis",
        made_at="Stand",
        legend="Was die Balken bedeuten",
    ),
}
