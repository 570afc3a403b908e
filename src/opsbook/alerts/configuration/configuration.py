"""`alertmanager.yml` as it is → what delivery works by, or every problem with its place."""

from dataclasses import dataclass
from pathlib import Path

from opsbook.alerts.configuration.advice import advised
from opsbook.alerts.configuration.document import Document, document_type
from opsbook.alerts.configuration.inheritance import Kinds
from opsbook.alerts.configuration.left_out import GLOBAL, TOP
from opsbook.alerts.configuration.remarks import find_remarks
from opsbook.alerts.configuration.rules import find_problems
from opsbook.alerts.configuration.shown import shown
from opsbook.alerts.configuration.texts import find_text_problems, template_files
from opsbook.alerts.delivery.setup import Receiver, Setup
from opsbook.alerts.notifier import notifier_kinds
from opsbook.alerts.routing.route import Branch, plant
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.load import load_document
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source

_RESOLVE_TIMEOUT = 300.0
_NOBODY = "nobody"


@dataclass(frozen=True)
class Configuration:
    """Whom to tell of alerts, and how; found good."""

    document: Document
    remarks: tuple[Problem, ...] = ()
    """On what is allowed, and is not carried out or can hardly be meant."""

    def setup(self) -> Setup:
        """What delivery works by. Raises TemplateError where the files of templates have
        changed for the worse since they were checked."""
        document = self.document
        nobody = Branch(receiver=_NOBODY)
        receivers = [receiver.receiver() for receiver in document.receivers]
        timeout = document.global_.resolve_timeout
        return Setup(
            root=plant(document.route.branch() if document.route else nobody),
            receivers={
                **({} if document.route else {_NOBODY: Receiver(_NOBODY)}),
                **{receiver.name: receiver for receiver in receivers},
            },
            templates=NoticeTemplates(template_files(document)),
            intervals={
                named.name: [each.interval() for each in named.time_intervals]
                for named in document.intervals
            },
            inhibitions=[each.rule() for each in document.inhibit_rules],
            resolve_timeout=_RESOLVE_TIMEOUT if timeout is None else timeout,
        )

    def shown(self) -> str:
        """As YAML, with `<secret>` for every secret."""
        return shown(self.document)


def every_kind() -> Kinds:
    """All kinds of notifiers that there are, by their keys without `_configs`."""
    return {name.replace("-", "_"): notifier_kinds.load(name) for name in notifier_kinds.names()}


def read_configuration(file: Path, kinds: Kinds | None = None) -> Configuration:
    """Raises BookError with all problems at once: what amtool refuses, and where it stands."""
    known = every_kind() if kinds is None else kinds
    model = document_type(Document, known, GLOBAL, TOP)
    remarks: list[Problem] = []

    def problems(document: Document, source: Source) -> list[Problem]:
        found, doubtful = examined(document, source)
        remarks.extend(doubtful)
        return [*([] if document.route else [_no_route(source)]), *found]

    try:
        document, _ = load_document(file, model, problems, plain_secrets=True)
    except BookError as error:
        raise BookError(advised(error.problems, known)) from None
    return Configuration(document, tuple(sorted(remarks, key=lambda each: each.mark)))


def examined(
    document: Document, source: Source, at: Path_ = ()
) -> tuple[list[Problem], list[Problem]]:
    """Problems of a document whose parts are well-formed, and remarks on it."""
    found = find_problems(document, source, at)
    wrong, doubtful = find_text_problems(document, source, at)
    return [*found, *wrong], [*find_remarks(document, source, at), *doubtful]


def _no_route(source: Source) -> Problem:
    return Problem(source.mark(()), "", "the route is missing", "it says who is told of alerts")
