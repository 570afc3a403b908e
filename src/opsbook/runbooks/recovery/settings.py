"""The book's `recovery:` — what comes back, who is stopped meanwhile, and what proves it."""

from typing import Literal

from pydantic import Field

from opsbook.book.fields import Duration, Name
from opsbook.book.model import Section
from opsbook.runbooks.settings import Window


class Rehearsal(Section):
    """The same into an isolated place: no name of it is one that services use."""

    into: dict[Name, str] = Field(min_length=1)
    """Set → a new database, directory or file; it is removed in the end."""
    checks: list[Name] = []
    """Checks that look at what was restored there."""


class RecoverySettings(Section):
    """A plan, such as `full`, `partial` or `config-only`; its runbook is `recover-PLAN`."""

    description: str = ""
    """When somebody reaches for it."""
    sets: list[Name] = Field(min_length=1)
    """The sets of `backups` that come back."""
    stop: list[Name] = []
    """Services that use them: stopped before the swap, started after it, each in the order of
    what depends on what."""
    checks: list[Name] = Field(min_length=1)
    """What must be well in the end; else what was there before is put back."""
    depth: Literal["check", "open", "restore"] = "open"
    """How far each backup is verified before anything is done."""
    within: Duration = Field(default=21_600.0, gt=0)
    """How long each verification, restore and swap may take."""
    proven_within: Duration = Field(default=60.0, gt=0)
    """How long services and checks get to be well."""
    approve_within: Duration = Field(default=3600.0, gt=0)
    """How long it waits for the second person."""
    window: Window | None = None
    """When it may be carried out; at any time if not given."""
    rehearse: Rehearsal | None = None
    """Where the quarterly test restores to; its runbook is `rehearse-PLAN`."""
