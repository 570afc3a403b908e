"""What the public is told, as JSON has it."""

from typing import Literal

from pydantic import BaseModel, Field

PublicState = Literal["up", "maintenance", "degraded", "unknown", "down"]


class PublicDay(BaseModel):
    """The worst state of a day; `unknown` where nothing is known of it."""

    day: str = Field(description="in UTC: `2026-11-21`")
    state: PublicState


class PublicService(BaseModel):
    """A part of the platform under its public name."""

    name: str
    description: str
    state: PublicState
    days: list[PublicDay] = Field(description="oldest first, today last")


class PublicUpdate(BaseModel):
    """What was told at a moment."""

    at: str
    text: str


class PublicIncident(BaseModel):
    """Trouble of which somebody told."""

    services: list[str]
    began_at: str
    ended_at: str | None = Field(description="null while it goes on")
    updates: list[PublicUpdate] = Field(description="newest first")


class PublicStatus(BaseModel):
    """What the public is told at a moment; `state` is the worst of its services."""

    title: str
    description: str
    made_at: str
    state: PublicState
    services: list[PublicService]
    incidents: list[PublicIncident] | None = Field(
        description="newest first; null where they are not shown, or unknown at the moment"
    )
