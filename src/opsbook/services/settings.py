"""The book's `services:` — what runs, on what it depends, and what may be done when it dies."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from opsbook.book.fields import Duration, Name
from opsbook.book.kinds import plugged
from opsbook.book.model import Section
from opsbook.services.controller import Controller

Port = Annotated[int, Field(ge=1, le=65_535)]


class RestartPolicy(Section):
    """Restarting one service is an action of class 1: automatic, limited, verified."""

    at_most: int = Field(default=3, ge=0, le=1000)
    """Restarts within `per`; then the service is down and needs a person. 0: never."""
    per: Duration = 3600.0
    """The time over which restarts are counted."""
    backoff: Annotated[list[Duration], Field(min_length=1)] = [0.0, 5.0, 30.0]
    """The wait before the first, second, … attempt; the last one repeats."""
    steady_after: Duration = 60.0
    """A service that has been well this long begins again with the first wait."""
    verify_within: Duration = 30.0
    """By then the service's checks must all be well after a start."""
    verified_by: list[Name] = []
    """The checks that verify it; all of its own if none is named."""


class ScalePolicy(Section):
    """Within what somebody may order more or fewer replicas of a service."""

    at_least: int = Field(default=1, ge=1, le=10_000)
    """The fewest there may be; none at all is a stop."""
    at_most: int = Field(ge=1, le=10_000)
    """The most there may be."""
    step: int = Field(default=1, ge=1, le=10_000)
    """How many one order may add or take away."""
    cooldown: Duration = 300.0
    """How long nobody scales it again, so that what was done shows first."""

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.at_least > self.at_most:
            raise ValueError(
                f"at_least is above at_most ({self.at_least} > {self.at_most}): exchange them"
            )
        return self


class ServiceSettings(Section):
    """A service, run by the controller that its key names."""

    description: str = ""
    """What it does, and what people miss when it is gone."""
    depends_on: list[Name] = []
    """Services that must be well before this one is started."""
    ports: list[Port] = []
    """The ports on which it listens; no two services may share one."""
    restart: RestartPolicy = RestartPolicy()
    """What may be done by itself when it dies, and what proves that it is back."""
    scale: ScalePolicy | None = None
    """How many replicas somebody may order; none may without it."""
    production: bool = False
    """Whether people depend on it: a second person has to approve each drill that hurts it."""

    @property
    def controller(self) -> Controller:
        controller: Controller = plugged(self, Controller)[1]
        return controller
