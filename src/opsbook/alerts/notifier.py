"""What every way of telling people does: settings of its own, and one `send`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry
from opsbook.metrics.scraping.notation import Flag


class NotSentError(OpsbookError):
    """A notice did not arrive. `permanent`: nor would it if it were sent again.

    `uncertain`: it may have arrived all the same, for the answer was lost. `retry_after`: seconds
    for which the receiver wants to be left alone.
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.permanent = permanent
        self.retry_after = retry_after
        self.uncertain = uncertain


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the receiver answered, for the record: `200 OK`, a message's number."""

    answer: str


class Notifier(Section, ABC):
    """One entry of a receiver, such as one of its `webhook_configs`. Subclasses live in
    `notifiers/`; the module's name is the key without `_configs`."""

    inherits: ClassVar[Mapping[str, str]] = {}
    """Field → key of the configuration's `global` that it is taken from where an entry is
    silent. A field and the same one with `_file` stand for each other: where an entry has one
    of the two, neither is taken."""
    misplaced: ClassVar[Mapping[str, str]] = {}
    """Key that people write and that is none → what to write instead, such as
    `write it as Subject under headers`."""

    send_resolved: Flag = True
    """Whether to tell of alerts that have ended."""

    @property
    def takes_key(self) -> bool:
        """Whether a notice that is sent twice with one key shows once."""
        return False

    @property
    @abstractmethod
    def target(self) -> str:
        """Where it goes, for messages and records; holds no secret."""

    @abstractmethod
    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        """Tell the receiver. The caller sets the deadline and cancels.

        `key` is the same when the same notice is sent again. Raises NotSentError, and
        TemplateError (permanent).
        """


notifier_kinds: Registry[Notifier] = Registry(
    "opsbook.alerts.notifiers",
    Notifier,  # type: ignore[type-abstract]
)
