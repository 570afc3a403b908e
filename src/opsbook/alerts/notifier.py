"""What every way of telling people does: settings of its own, and one `send`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.model import Section
from opsbook.core.errors import OpsbookError
from opsbook.core.registry import Registry


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

    takes_key: ClassVar[bool] = False
    """Whether a notice that is sent twice with one key shows once."""

    send_resolved: bool = True
    """Whether to tell of alerts that have ended."""

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
