"""How a room tells a higher one what happened, without importing it."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

E = TypeVar("E")


class Bus:
    """Carries announced events to whoever subscribed to their type or a base of it.

    Handlers run at once, in the order of their subscription, and must not block; one that
    fails is logged and keeps none of the others from hearing.
    """

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[Any], None]]] = {}

    def subscribe(self, kind: type[E], handler: Callable[[E], None]) -> None:
        self._handlers.setdefault(kind, []).append(handler)

    def unsubscribe(self, kind: type[E], handler: Callable[[E], None]) -> None:
        self._handlers[kind].remove(handler)

    def announce(self, event: object) -> None:
        for kind in type(event).__mro__:
            for handler in tuple(self._handlers.get(kind, ())):
                try:
                    handler(event)
                except Exception:
                    logger.exception("handler of %s failed", type(event).__name__)
