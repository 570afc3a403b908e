"""A check looked at now, because somebody asks. Under `/api/checks`."""

from fastapi import APIRouter, HTTPException

from opsbook.core.errors import hint_for
from opsbook.web.access import Operator
from opsbook.web.inputs import BookName
from opsbook.web.problems import problems
from opsbook.web.status import CheckStatus, StatusView


def check_routes(view: StatusView) -> APIRouter:
    """`/api/checks`."""
    routes = APIRouter(prefix="/api/checks", tags=["status"])

    @routes.post("/{name}/look", responses=problems(404))
    async def look_at_check(name: BookName, person: Operator) -> CheckStatus:
        """Look now. What is found counts like any other outcome; a look under way is joined."""
        check = view.watch.checks.get(name)
        if check is None:
            raise HTTPException(404, unknown("check", name, list(view.watch.checks)))
        await view.watch.look(name)
        return view.check(check)

    return routes


def unknown(thing: str, name: str, known: list[str]) -> str:
    """What is said of a name that the book does not have."""
    return f"there is no {thing} {name!r}; {hint_for(name, known)}"
