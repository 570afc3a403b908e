"""`hang`: a service's main process lives, keeps its ports open and does nothing."""

import signal

from opsbook.drills.fault import Prepared
from opsbook.drills.process_fault import ProcessFault, tell


class Hang(ProcessFault):
    """SIGSTOP to a service's main process; SIGCONT to the very same process undoes it.

    Its children go on.
    """

    @property
    def subject(self) -> str:
        return f"hang {self.service}"

    @classmethod
    async def begin(cls, prepared: Prepared) -> None:
        tell(prepared, signal.SIGSTOP)

    @classmethod
    async def end(cls, prepared: Prepared) -> None:
        tell(prepared, signal.SIGCONT)
