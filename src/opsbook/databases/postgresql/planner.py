"""What every step of maintenance is planned with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from opsbook.core.stoppable import stoppable
from opsbook.databases.model import Change, Task, Value
from opsbook.databases.postgresql.session import Login, Session

Work = Callable[[Session], Awaitable[Change]]
Measure = Callable[[Session], Awaitable[dict[str, Value]]]


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes tasks; `session` looks, and each task has a connection of its own."""

    session: Session
    login: Login
    now: float
    extensions: dict[str, str]

    def task(
        self,
        name: str,
        action_class: int,
        statements: Sequence[str],
        work: Work,
        again: Work | None = None,
        **told: Any,
    ) -> Task:
        """`again` is what is done where an Opsbook died during `work`, if anything may be."""
        return Task(
            name,
            action_class,
            statements,
            work=self.apart(work),
            again=self.apart(again) if again else None,
            **told,
        )

    def apart(self, work: Work) -> Callable[[], Awaitable[Change]]:
        """The work on a connection of its own."""

        async def carry_out() -> Change:
            async with self.login.session(works=True) as session:
                return await work(session)

        async def stopped_well() -> Change:
            return await stoppable(carry_out())

        return stopped_well

    def statement(
        self,
        name: str,
        action_class: int,
        statement: sql.Composable,
        measure: Measure,
        **told: Any,
    ) -> Task:
        """One statement that may be repeated, and what is measured before and after it."""

        async def work(session: Session) -> Change:
            before = await measure(session)
            await session.run(statement)
            return Change(before, await measure(session))

        return self.task(name, action_class, [statement.as_string()], work, again=work, **told)
