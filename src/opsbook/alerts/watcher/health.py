"""Whether the watch is really working."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from opsbook.alerts.delivery import posts

Trouble = Callable[[], str | None]


class Health:
    """Asks everybody for their trouble, and writes where notices are written."""

    def __init__(self, engine: Engine, troubles: Mapping[str, Trouble]) -> None:
        self._engine, self._troubles = engine, troubles

    def __call__(self) -> str:
        """Why it is not working; empty where it is. Blocks."""
        for name, trouble in self._troubles.items():
            if said := trouble():
                return f"{name}: {said}"
        try:
            posts.try_writing(self._engine)
        except SQLAlchemyError as error:
            return f"notices cannot be written down: {getattr(error, 'orig', None) or error}"
        return ""
