"""`hang`: a service's main process lives, keeps its ports open and does nothing."""

import signal

from opsbook.book.fields import Name
from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Mended, Place, Prepared
from opsbook.services.controller import ControllerError
from opsbook.services.pidfd import send_signal


class Hang(Fault):
    """SIGSTOP to a service's main process; SIGCONT to the very same process undoes it."""

    service: Name
    """The service whose process is stopped; it must run on this machine. Its children go on."""

    @property
    def subject(self) -> str:
        return f"hang {self.service}"

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

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        _signal(prepared, signal.SIGSTOP)

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        _signal(prepared, signal.SIGCONT)


def _signal(prepared: Prepared, number: signal.Signals) -> None:
    try:
        send_signal(ProcessIdentity(**prepared), number)
    except ControllerError as error:
        raise FaultError(str(error)) from None
