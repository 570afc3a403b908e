"""The book's `backups:` — what is kept, where, for how long, and how it is proved."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

import pyrage  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field, create_model, model_validator

from opsbook.alerts.configuration.intervals import zone_name
from opsbook.alerts.templates.times import zone_of
from opsbook.backups.destination import Destination, destination_kinds
from opsbook.backups.retention import Retention
from opsbook.backups.source import Source, source_kinds
from opsbook.book.fields import Days, Duration, Name, Percent, Secret
from opsbook.book.kinds import kinds_used, plugged, with_kinds
from opsbook.book.model import Section
from opsbook.core.days import is_among
from opsbook.core.schedule import Schedule
from opsbook.probes.maintenance import ClockTime

_HOUR = 3600.0


def _recipient(text: str) -> str:
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise ValueError("not a public key of age: write one that begins with age1") from None
    return text


Recipient = Annotated[str, AfterValidator(_recipient)]
"""A public key of age (X25519)."""


class DestinationSettings(Section):
    """Where backups are kept, named by its kind."""

    description: str = ""
    """Where that is, in a sentence."""

    @property
    def destination(self) -> Destination:
        found: Destination = plugged(self, Destination)[1]
        return found


class ExpectedValue(Section):
    """What the first value of an answer must be."""

    at_least: float | None = None
    """It must be a number, and no smaller."""
    at_most: float | None = None
    """It must be a number, and no larger."""
    equals: float | str | None = None
    """It must be just that."""

    @model_validator(mode="after")
    def _says_something(self) -> "ExpectedValue":
        if self.at_least is None and self.at_most is None and self.equals is None:
            raise ValueError("nothing is expected: give at_least, at_most or equals")
        return self


class Assertion(Section):
    """A question to what was restored, and the answer that proves it."""

    query: str = Field(min_length=1)
    """In the language of the source, such as SQL; it may change nothing."""
    value: ExpectedValue


class RestoreDrill(Section):
    """Restoring into a throwaway place, again and again, and asking what came back."""

    every: Duration | None = Field(default=None, gt=0)
    """A set whose restore was not proved for so long is late; it is tried by itself before. Only
    by hand if not given."""
    within: Duration = Field(default=_HOUR, gt=0)
    """The recovery time that is promised: a restore that takes longer has failed."""
    tolerance: Percent = Field(default=0.0, ge=0, le=100)
    """By how much a count may differ from the manifest's; not at all if not given."""
    assertions: list[Assertion] = []
    """Asked of what was restored."""


class ClassSettings(Retention):
    """What is kept of a class, and which backups belong to it."""

    days: list[Days] = []
    """What is made by itself on these days is of this class, not of the usual one: `sun`,
    `first sun`, `last fri`, `1`, `last`. By hand only if none is named."""


class SetSettings(Section):
    """A source, named by its kind, where its backups go, and how they are proved."""

    description: str = ""
    """What it is for, in a sentence."""
    to: list[Name] = Field(min_length=1)
    """The destinations; each gets a whole copy."""
    every: Duration | None = Field(default=None, gt=0)
    """How much time there is between two backups."""
    at: ClockTime | None = None
    """At which time of day one is made, in `zone`, instead of `every`."""
    days: list[Days] = []
    """The days of `at`: `sun`, `first sun`, `last fri`, `1`, `last`; each if none is named."""
    zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    """The time zone of `at`."""
    within: Duration = Field(default=6 * _HOUR, gt=0)
    """A backup that takes longer is given up."""
    level: int = Field(default=3, ge=1, le=19)
    """Of the compression with zstd."""
    retention: Retention = Retention()
    """Of backups of the usual class."""
    usual: Name = Field(default="daily", alias="class")
    """The class of backups that nobody asked for by another one."""
    classes: dict[Name, ClassSettings] = {}
    """Other classes, such as `full` or `archive`, the rarest last: where several have a day, it
    is that of the last."""
    drill: RestoreDrill | None = None
    """How its restore is proved."""

    @model_validator(mode="after")
    def _when(self) -> "SetSettings":
        if self.every is not None and self.at is not None:
            raise ValueError("both an interval and a time of day: keep `every` or `at`")
        if self.days and self.at is None:
            raise ValueError("days without a time of day: give `at` too")
        if not self.schedule.by_itself and any(each.days for each in self.classes.values()):
            raise ValueError("days of a class, and nothing is made by itself: give `at` or `every`")
        return self

    @property
    def kind(self) -> str:
        kind: str = plugged(self, Source)[0]
        return kind

    @property
    def source(self) -> Source:
        source: Source = plugged(self, Source)[1]
        return source

    @property
    def schedule(self) -> Schedule:
        """When backups are made by themselves."""
        return Schedule(self.every, self.at, zone_of(self.zone), tuple(self.days))

    def class_on(self, day: date) -> str:
        """Of what is made by itself on that day."""
        special = [name for name, each in self.classes.items() if each.days]
        fitting = [name for name in special if is_among(day, self.classes[name].days)]
        return fitting[-1] if fitting else self.usual

    def retention_of(self, name: str) -> Retention | None:
        """The rules for a class; None for one of which the book does not know."""
        return self.retention if name == self.usual else self.classes.get(name)


class BackupSettings(Section):
    """What is kept elsewhere, and the proof that it comes back."""

    destinations: dict[Name, DestinationSettings] = {}
    recipients: list[Recipient] = []
    """Public keys of age: with any of their private keys a backup can be read. Backups are not
    encrypted if none is given."""
    identity: Secret | None = None
    """The private key of age, where restores are to be proved on this machine."""
    sets: dict[Name, SetSettings] = {}


def backup_settings_type(
    destinations: Iterable[str] | None = None, sources: Iterable[str] | None = None
) -> type[BackupSettings]:
    """With these kinds; with all there are if none are given."""
    destination = with_kinds(
        DestinationSettings,
        destination_kinds,
        destination_kinds.names() if destinations is None else destinations,
        "destination",
    )
    source = with_kinds(
        SetSettings, source_kinds, source_kinds.names() if sources is None else sources, "source"
    )
    fields: dict[str, Any] = {
        "destinations": (dict[Name, destination], Field(default={})),  # type: ignore[valid-type]
        "sets": (dict[Name, source], Field(default={})),  # type: ignore[valid-type]
    }
    return create_model(
        BackupSettings.__name__,
        __base__=BackupSettings,
        __module__=BackupSettings.__module__,
        __doc__=BackupSettings.__doc__,
        **fields,
    )


def backup_settings_for(data: object) -> type[BackupSettings]:
    """With the kinds that the raw section of a book names."""
    given: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    return backup_settings_type(
        kinds_used(given.get("destinations"), destination_kinds),
        kinds_used(given.get("sets"), source_kinds),
    )
