"""`/api/dashboards`"""

import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from opsbook.web.dashboards.dashboard import Dashboard
from opsbook.web.dashboards.dashboards import Dashboards
from opsbook.web.problems import problems


class DashboardSummary(BaseModel):
    """A dashboard that the book names."""

    uid: str
    title: str
    tags: list[str]
    file: str
    readable: bool = Field(description="false for a file that holds no dashboard")
    problems: list[str] = Field(description="what of it is not understood, with file and place")


def dashboard_routes(dashboards: Dashboards) -> APIRouter:
    """All of them, and each as its file has it."""
    router = APIRouter(prefix="/api", tags=["dashboards"])

    @router.get("/dashboards")
    async def all_dashboards() -> list[DashboardSummary]:
        """The dashboards that the book names, with what is not understood of each."""
        return [_summary(each) for each in await asyncio.to_thread(dashboards.all)]

    @router.get("/dashboards/{uid}", responses=problems(404))
    async def one_dashboard(uid: str) -> dict[str, Any]:
        """The JSON of Grafana, as the file has it."""
        found = await asyncio.to_thread(dashboards.find, uid)
        if found is None:
            raise HTTPException(404, f"there is no dashboard {uid!r}; /api/dashboards names all")
        if found.content is None:
            raise HTTPException(404, "; ".join(map(str, found.problems)))
        return found.content

    return router


def _summary(dashboard: Dashboard) -> DashboardSummary:
    return DashboardSummary(
        uid=dashboard.uid,
        title=dashboard.title,
        tags=dashboard.tags,
        file=str(dashboard.file),
        readable=dashboard.content is not None,
        problems=[str(each) for each in dashboard.problems],
    )
