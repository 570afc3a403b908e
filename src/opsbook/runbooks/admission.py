"""Which runs may begin: the runbooks of the book, and what each wants of who asks for it."""

from collections.abc import Collection, Mapping
from typing import Any

from opsbook.core.errors import BadInputError, hint_for
from opsbook.durable.values import Json
from opsbook.runbooks.model import Request
from opsbook.runbooks.parameters import accepted, revealed
from opsbook.runbooks.plans import SHORTEST, Plans
from opsbook.runbooks.saying import fit
from opsbook.runbooks.settings import RunbookSettings
from opsbook.runbooks.snapshot import Snapshot, digest, needed, run_class
from opsbook.runbooks.template import Template
from opsbook.state.people import Person, Role


class Admission:
    """To the runbooks as the book has them now. Its methods raise BadInputError."""

    def __init__(
        self, runbooks: Mapping[str, RunbookSettings], services: Collection[str], plans: Plans
    ) -> None:
        self.runbooks, self._services, self._plans = runbooks, services, plans

    def replace(self, runbooks: Mapping[str, RunbookSettings], services: Collection[str]) -> None:
        """The book was read again."""
        self.runbooks, self._services = runbooks, services

    def book(self, name: str) -> RunbookSettings:
        if name not in self.runbooks:
            raise BadInputError(f"there is no runbook {name!r}; {hint_for(name, self.runbooks)}")
        return self.runbooks[name]

    def accepted(self, name: str, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """Parameters as the runbook takes them."""
        return accepted(self.book(name).parameters, parameters, self._services)

    def digest(self, name: str, given: Mapping[str, Json]) -> str:
        """Of the procedure and its parameters, not of the place where the book lies."""
        return digest({**self._snapshot(name, given), "directory": ""})

    def target(self, name: str, values: Mapping[str, Any]) -> str:
        """What is typed to confirm it; empty where nothing has to be."""
        if run_class(name, self.runbooks) < 2:
            return ""
        return (self.runbooks[name].target or Template(name)).text(values)

    async def admitted(self, request: Request) -> Snapshot:
        """What the run begins with."""
        needs(request.by, Role.OPERATOR, "asking for a run")
        fit(request.by, request.why)
        given = self.accepted(request.runbook, request.parameters)
        if not request.why.strip():
            raise BadInputError(f"runbook {request.runbook}: the reason is missing; say why")
        await self._confirmed(request, given)
        return Snapshot(
            **self._snapshot(request.runbook, given),
            by=request.by.name,
            why=request.why,
            alert=request.alert,
            incident=request.incident,
            unattended=request.unattended,
            drill=request.drill,
            roll_back=request.roll_back,
        )

    async def _confirmed(self, request: Request, given: Mapping[str, Json]) -> None:
        """Class 2 and above: the target's name, or a signed plan."""
        whole = run_class(request.runbook, self.runbooks)
        if whole < 2:
            return
        if request.unattended or request.plan is not None:
            await self._signed(request, given, whole)
            return
        parameters = self.book(request.runbook).parameters
        target = self.target(request.runbook, {**revealed(parameters, given), "steps": {}})
        if request.confirm != target:
            what = f"got {request.confirm!r}" if request.confirm else "it is missing"
            raise BadInputError(
                f"runbook {request.runbook} is of class {whole}: confirm it by typing {target!r} "
                f"({what})"
            )

    async def _signed(self, request: Request, given: Mapping[str, Json], whole: int) -> None:
        sealed = self.digest(request.runbook, given)
        if request.plan is None:
            raise BadInputError(
                f"runbook {request.runbook} is of class {whole}: unattended it wants a signed "
                f"plan; make a dry run and have its digest signed"
            )
        if len(request.plan) < SHORTEST or not sealed.startswith(request.plan):
            raise BadInputError(
                f"plan {request.plan} is not of runbook {request.runbook} as it stands, with "
                f"these parameters: that is {sealed}"
            )
        if await self._plans.signer(sealed) is None:
            raise BadInputError(f"plan {sealed} is not signed; an approver has to sign it")

    def _snapshot(self, name: str, given: Mapping[str, Json]) -> dict[str, Any]:
        books = needed(name, self.runbooks)
        return {
            "runbook": name,
            "runbooks": {each: book.written for each, book in books.items()},
            "directory": books[name].directory,
            "parameters": given,
        }


def needs(by: Person, role: Role, what: str) -> None:
    """Raises BadInputError for who may not."""
    if not by.role.allows(role):
        raise BadInputError(f"{by.name} is {by.role.value}: {what} takes the role {role.value}")
