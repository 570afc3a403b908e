"""What rules can be trusted with: one that asks for what was never measured is not healthy."""

import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from opsbook.alerts.rules.health import HealthOfRules, RuleHealth
from opsbook.core.clock import Clock
from opsbook.metrics.rules.runner import Runner

_WORST_FIRST = ("error", "never had data", "no data", "not evaluated", "ok")


class SelectorStatus(BaseModel):
    """One selector of a rule's expression."""

    text: str
    ever: bool = Field(description="whether it has matched a series since the store remembers")
    lately: bool = Field(description="whether it has matched one in the last hour")


class RuleStanding(BaseModel):
    """One rule, and whether what it asks for is measured."""

    file: str
    group: str
    rule: str
    standing: Literal["ok", "error", "not evaluated", "no data", "never had data"]
    error: str
    selectors: list[SelectorStatus]


def rule_routes(health: HealthOfRules, rules: Runner, clock: Clock) -> APIRouter:
    """`/api/rules`."""
    routes = APIRouter(tags=["alerts"])

    @routes.get("/api/rules")
    async def list_rule_standings() -> list[RuleStanding]:
        """Every rule, those first that cannot be trusted."""
        at = int(clock.now() * 1000)
        found = await asyncio.to_thread(health.of, rules.status(), at)
        listed = [_standing(each) for each in found]
        return sorted(listed, key=lambda each: _WORST_FIRST.index(each.standing))

    return routes


def _standing(health: RuleHealth) -> RuleStanding:
    return RuleStanding(
        file=health.file,
        group=health.group,
        rule=health.rule,
        standing=health.standing,
        error=health.error,
        selectors=[
            SelectorStatus(text=each.text, ever=each.ever, lately=each.lately)
            for each in health.selectors
        ],
    )
