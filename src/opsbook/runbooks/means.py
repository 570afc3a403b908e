"""What the interpreter works with besides the run itself."""

from collections.abc import Callable
from dataclasses import dataclass

from opsbook.core.clock import Clock
from opsbook.durable.port import Runs
from opsbook.runbooks.chronicle import Chronicle
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.locks import Locks
from opsbook.runbooks.proofs import Proofs
from opsbook.runbooks.questions import Questions
from opsbook.runbooks.register import Register


@dataclass(frozen=True, slots=True)
class Means:
    """Of the process that carries runs."""

    hands: Hands
    clock: Clock
    chronicle: Chronicle
    locks: Locks
    questions: Questions
    proofs: Proofs
    register: Register
    runs: Callable[[], Runs]
    """Known once the engine is made, which needs our functions first."""
    host: str
    """The name of this host, whose steps are carried out here."""
