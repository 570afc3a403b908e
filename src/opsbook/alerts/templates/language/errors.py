"""What goes wrong with a template, and where."""

from dataclasses import dataclass

from opsbook.core.errors import BadInputError


class TemplateError(BadInputError):
    """A template that cannot be read or carried out; the text names its place and the remedy."""


class CallError(Exception):
    """What a function, a method or an operator objects to; whoever called it adds the place."""


@dataclass(frozen=True, slots=True)
class Source:
    """A template's text, so that an error can say where in it the trouble lies."""

    name: str
    text: str

    def error(self, at: int, what: str) -> TemplateError:
        """`at` counts characters from the start; lines and columns count from 1."""
        before = self.text[:at]
        line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        return TemplateError(f"template {self.name or 'inline'}:{line}:{column}: {what}")
