"""The whole of Alertmanager's configuration, as a file or as a section of a book has it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    create_model,
    model_validator,
)

from opsbook.alerts.configuration.common import GlobalConfig, global_type
from opsbook.alerts.configuration.inheritance import Kinds, inherited
from opsbook.alerts.configuration.inhibition import InhibitionConfig
from opsbook.alerts.configuration.intervals import NamedIntervals
from opsbook.alerts.configuration.receiver import ReceiverConfig, receiver_type
from opsbook.alerts.configuration.route import RouteConfig
from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import Many

D = TypeVar("D", bound="Document")


class Document(Section):
    """Whom to tell of alerts, and how; the keys are Alertmanager's."""

    kinds: ClassVar[Kinds] = {}
    """What receivers' entries may be."""

    global_: GlobalConfig = Field(GlobalConfig(), alias="global")
    templates: Many[BookPath] = []
    """Files that define templates for notices; `*` stands for any."""
    route: RouteConfig | None = None
    """The root of the tree: it takes every alert."""
    receivers: Many[ReceiverConfig] = []
    inhibit_rules: Many[InhibitionConfig] = []
    time_intervals: Many[NamedIntervals] = []
    mute_time_intervals: Many[NamedIntervals] = []
    """The old name of `time_intervals`."""

    _written: Any = PrivateAttr(None)

    @property
    def written(self) -> Mapping[str, Any]:
        """What it was read from, secrets and all."""
        return self._written if isinstance(self._written, Mapping) else {}

    @property
    def intervals(self) -> list[NamedIntervals]:
        return [*self.mute_time_intervals, *self.time_intervals]

    @model_validator(mode="wrap")
    @classmethod
    def _complete(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        made = handler(inherited(data, cls.kinds))
        made._written = data
        return made


def _none_said(value: Any) -> Any:
    return {} if value is None else value


def document_type(
    base: type[D], kinds: Kinds, common: Iterable[str] = (), top: Iterable[str] = ()
) -> type[D]:
    """`base` whose receivers have entries of these kinds.

    It takes further keys that nothing reads, `common` ones under `global` and `top` ones beside
    it, so that they can be remarked on.
    """
    global_, receiver = global_type(kinds, common), receiver_type(kinds)
    fields: dict[str, Any] = {
        **dict.fromkeys(top, (Any, None)),
        "global_": (
            Annotated[global_, BeforeValidator(_none_said)],
            Field(global_(), alias="global"),
        ),
        "receivers": (Many[receiver], []),  # type: ignore[valid-type]  # made for pydantic alone
    }
    made = create_model(
        base.__name__, __base__=base, __module__=base.__module__, __doc__=base.__doc__, **fields
    )
    made.kinds = kinds
    return made
