"""`kill`: a service's main process is gone from one moment to the next."""

import signal

from opsbook.drills.fault import Prepared
from opsbook.drills.process_fault import ProcessFault, tell


class Kill(ProcessFault):
    """SIGKILL to a service's main process. A restart mends it; there is nothing to undo."""

    @property
    def subject(self) -> str:
        return f"kill {self.service}"

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        tell(prepared, signal.SIGKILL)

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        """What was killed is not undone: it is started again by the watch."""
