"""A template that was read, ready to be carried out as often as one likes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from opsbook.alerts.templates.language.builtins import BUILTINS
from opsbook.alerts.templates.language.errors import Source
from opsbook.alerts.templates.language.execute import Context, Frame
from opsbook.alerts.templates.language.format import shown
from opsbook.alerts.templates.language.functions import Function
from opsbook.alerts.templates.language.limits import LONGEST, Budget, Limits, TextBuffer
from opsbook.alerts.templates.language.nodes import Definition, Definitions
from opsbook.alerts.templates.language.parser import Parser
from opsbook.alerts.templates.language.values import Value, encoded

_LIMITS = Limits()


def plain(value: Value, _: str) -> str:
    return shown(value)


@dataclass(frozen=True, slots=True)
class Template:
    """A text, and the templates that it defines on the way."""

    main: Definition
    definitions: Definitions

    @classmethod
    def parse(
        cls,
        text: str,
        name: str,
        functions: Iterable[str] = (),
        variables: Iterable[str] = (),
    ) -> "Template":
        """`functions` may be called beside Go's own, `variables` are there from the start.

        Raises TemplateError with the name, the line and the column.
        """
        source = Source(name, text)
        if len(text) > LONGEST:
            raise source.error(0, f"longer than {LONGEST:,} characters; split it up")
        parser = Parser(source, {*BUILTINS, *functions}, variables)
        try:
            return cls(parser.parse(), parser.definitions)
        except RecursionError:
            raise source.error(0, "nested too deeply; define templates") from None

    def execute(
        self,
        data: Value,
        functions: Mapping[str, Function] | None = None,
        definitions: Definitions | None = None,
        limits: Limits = _LIMITS,
        *,
        variables: Mapping[str, Value] | None = None,
        show: Callable[[Value, str], str] = plain,
    ) -> str:
        """`definitions` are there beside its own, which come first; `show` writes a value, and
        may look at the piece of text that stands before it.

        Raises TemplateError, also when a limit is reached.
        """
        out = TextBuffer(limits.output)
        context = Context(
            {**BUILTINS, **(functions or {})},
            combined(definitions or {}, self.definitions),
            show,
            Budget(limits),
            out,
        )
        frame = Frame(context, self.main.source, [("$", data), *(variables or {}).items()])
        try:
            frame.run(self.main.body, data)
        except RecursionError:
            raise self.main.source.error(0, "nested too deeply; call fewer templates") from None
        return encoded(str(out)).decode("utf-8", "replace")


def combined(old: Definitions, new: Definitions) -> Definitions:
    """Later definitions replace earlier ones; nothing but blanks replaces nothing."""
    replacing = {name: each for name, each in new.items() if name not in old or not each.empty}
    return {**old, **replacing}
