"""What happens to the main process of a service, and to no other that has its number later."""

import signal
from abc import ABC

from opsbook.book.fields import Name
from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Mended, Place, Prepared
from opsbook.services.controller import ControllerError
from opsbook.services.pidfd import send_signal


class ProcessFault(Fault, ABC):
    """The base of faults that are a signal. A restart mends them."""

    service: Name
    """The service whose main process it hits; it must run on this machine."""

    def target(self) -> str | None:
        return self.service

    def mended(self) -> Mended:
        return Mended.RESTART

    async def prepare(self, place: Place) -> Prepared:
        process = place.process(self.service)
        return {
            "pid": process.pid,
            "start_ticks": process.start_ticks,
            "boot_id": process.boot_id,
        }


def tell(prepared: Prepared, number: signal.Signals) -> None:
    """Send a signal to that very process. Raises FaultError."""
    try:
        send_signal(ProcessIdentity(**prepared), number)
    except ControllerError as error:
        raise FaultError(f"{error}; nothing was done") from None
