"""`kill`: a service's main process is gone from one moment to the next."""

import signal

from opsbook.book.fields import Name
from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Mended, Place, Prepared
from opsbook.services.controller import ControllerError
from opsbook.services.pidfd import send_signal


class Kill(Fault):
    """SIGKILL to a service's main process. A restart mends it; there is nothing to undo."""

    service: Name
    """The service whose process is killed; it must run on this machine."""

    @property
    def subject(self) -> str:
        return f"kill {self.service}"

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
        try:
            send_signal(ProcessIdentity(**prepared), signal.SIGKILL)
        except ControllerError as error:
            raise FaultError(f"{error}; nothing was killed") from None

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        """What was killed is not undone: it is started again by the watch."""
