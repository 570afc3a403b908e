"""From a text to what is carried out; the grammar is that of Go's `text/template/parse`."""

from collections.abc import Callable, Iterable
from typing import Literal, cast

from opsbook.alerts.templates.language.errors import Source
from opsbook.alerts.templates.language.nodes import (
    Action,
    Body,
    Branch,
    Definition,
    Include,
    Leave,
    Statement,
    Text,
)
from opsbook.alerts.templates.language.pipelines import DEEPEST, PipelineParser
from opsbook.alerts.templates.language.quoting import unquoted
from opsbook.alerts.templates.language.tokens import Token

_ENDS = ("end", "else")


class Parser(PipelineParser):
    """Reads a template's text and what it defines."""

    def __init__(
        self, source: Source, functions: Iterable[str], variables: Iterable[str] = ()
    ) -> None:
        super().__init__(source, functions, variables)
        self.definitions: dict[str, Definition] = {}
        self._loops = 0

    def parse(self) -> Definition:
        """The text itself; what it defines is in `definitions`. Raises TemplateError."""
        body, last = self._body(top=True)
        if last.kind != "end":
            self._fail(last, f"{{{{{last.text}}}}} closes nothing here")
        return Definition(self._source, body)

    def _body(self, *, top: bool = False) -> tuple[Body, Token]:
        """Statements up to, and with, the `else`, `end` or end of text that stops them."""
        statements: list[Statement] = []
        while True:
            token = self._take()
            if token.kind == "end":
                return tuple(statements), token
            if token.kind == "text":
                statements.append(Text(token.at, token.text))
                continue
            word = self._peek_solid()
            if word.kind == "word" and word.text in _ENDS:
                self._take()
                return tuple(statements), word
            if word.kind == "word" and word.text == "define":
                self._take()
                self._define(word, top)
            else:
                statements.append(self._statement(word))

    def _inner(self, opening: Token) -> tuple[Body, Token]:
        """A body within another, which must be closed. Its variables end with it."""
        known = len(self._variables)
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(opening, f"more than {DEEPEST} blocks inside each other; define templates")
        body, last = self._body()
        self._depth -= 1
        del self._variables[known:]
        if last.kind == "end":
            self._fail(opening, f"{{{{{opening.text}}}}} is not closed; write {{{{end}}}}")
        return body, last

    def _statement(self, word: Token) -> Statement:
        if word.kind == "word" and word.text in _STATEMENTS:
            self._take()
            return _STATEMENTS[word.text](self, word)
        return Action(word.at, self._pipe("close", "a value"))

    def _branch(self, word: Token) -> Branch:
        known = len(self._variables)
        loop = word.text == "range"
        pipe = self._pipe("close", f"what to {word.text}", loop)
        self._loops += loop
        body, last = self._inner(word)
        self._loops -= loop
        otherwise = self._otherwise(word) if last.text == "else" else self._closed(())
        del self._variables[known:]
        kind = cast('Literal["if", "with", "range"]', word.text)
        return Branch(word.at, kind, pipe, body, otherwise)

    def _otherwise(self, opening: Token) -> Body:
        """What follows an `else`: `else if` and `else with` share the `end` of what they follow."""
        word = self._peek_solid()
        if word.kind == "word" and word.text in ("if", "with"):
            if opening.text != word.text:
                self._fail(word, f"{{{{else {word.text}}}}} cannot follow {{{{{opening.text}}}}}")
            self._take()
            self._depth += 1
            if self._depth > DEEPEST:
                self._fail(word, f"more than {DEEPEST} alternatives")
            branch = self._branch(word)
            self._depth -= 1
            return (branch,)
        self._expect("close", "}} after else")
        body, last = self._inner(opening)
        if last.text == "else":
            self._fail(last, "a second {{else}}; only one is allowed, as the last")
        return self._closed(body)

    def _closed(self, body: Body) -> Body:
        self._expect("close", "}} after end")
        return body

    def _leave(self, word: Token) -> Leave:
        self._expect("close", f"}}}} after {word.text}")
        if not self._loops:
            self._fail(word, f"{{{{{word.text}}}}} stands outside of {{{{range}}}}")
        return Leave(word.at, cast('Literal["break", "continue"]', word.text))

    def _include(self, word: Token) -> Include:
        name = self._name(word)
        if self._peek_solid().kind == "close":
            self._take()
            return Include(word.at, name, None)
        return Include(word.at, name, self._pipe("close", "the data"))

    def _block(self, word: Token) -> Include:
        """A template that is defined where it is first used."""
        name = self._name(word)
        pipe = self._pipe("close", "the data")
        self._definition(word, name)
        return Include(word.at, name, pipe)

    def _define(self, word: Token, top: bool) -> None:
        if not top:
            self._fail(word, "{{define}} stands inside of something; move it to the outside")
        name = self._name(word)
        self._expect("close", "}} after the name")
        self._definition(word, name)

    def _definition(self, word: Token, name: str) -> None:
        outer, self._variables = self._variables, ["$"]
        loops, self._loops = self._loops, 0
        body, last = self._inner(word)
        if last.text == "else":
            self._fail(last, f"{{{{else}}}} cannot stand in {{{{{word.text}}}}}")
        self._closed(())
        self._variables, self._loops = outer, loops
        new, old = Definition(self._source, body), self.definitions.get(name)
        if old is None or old.empty:
            self.definitions[name] = new
        elif not new.empty:
            self._fail(word, f"the template {name!r} is defined twice here; keep one")

    def _name(self, word: Token) -> str:
        token = self._expect("string", f"the name in quotes after {word.text}")
        return self._literal(token, unquoted)


_STATEMENTS: dict[str, Callable[[Parser, Token], Statement]] = {
    "if": Parser._branch,
    "with": Parser._branch,
    "range": Parser._branch,
    "break": Parser._leave,
    "continue": Parser._leave,
    "template": Parser._include,
    "block": Parser._block,
}
