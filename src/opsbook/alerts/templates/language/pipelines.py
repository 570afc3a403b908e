"""The inside of braces: values, calls and pipelines."""

from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

from opsbook.alerts.templates.language.errors import Source
from opsbook.alerts.templates.language.nodes import (
    Chain,
    Command,
    Constant,
    Dot,
    Field,
    Identifier,
    Nil,
    Operand,
    Pipe,
    Variable,
)
from opsbook.alerts.templates.language.numbers import character, number
from opsbook.alerts.templates.language.quoting import unquoted
from opsbook.alerts.templates.language.tokens import Token, tokens
from opsbook.core.errors import nearest

DEEPEST = 60
"""Blocks and parentheses inside each other; carrying out a template recurses as deep."""
_WORDS = {"true": True, "false": False}
_AFTER_OPERAND = ("close", "|", ")", "space")
Read = TypeVar("Read")


class PipelineParser:
    """Reads one source. `functions` are the names that may be called."""

    def __init__(
        self, source: Source, functions: Iterable[str], variables: Iterable[str] = ()
    ) -> None:
        self._source = source
        self._functions = frozenset(functions)
        self._tokens = list(tokens(source))
        self._next = 0
        self._variables = ["$", *variables]
        self._depth = 0

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _peek_solid(self) -> Token:
        """The next token that is no blank."""
        while self._peek().kind == "space":
            self._next += 1
        return self._peek()

    def _take_solid(self) -> Token:
        self._peek_solid()
        return self._take()

    def _expect(self, kind: str, what: str) -> Token:
        token = self._take_solid()
        if token.kind != kind:
            self._fail(token, f"{what} is missing; found {shown(token)}")
        return token

    def _fail(self, token: Token, what: str) -> NoReturn:
        raise self._source.error(token.at, what)

    def _pipe(self, end: str, wanted: str, loop: bool = False) -> Pipe:
        start = self._peek_solid()
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(start, f"more than {DEEPEST} parentheses inside each other")
        names, declares = self._targets(loop)
        commands = [self._command()]
        while self._take_solid_if("|"):
            commands.append(self._command())
        last = self._take_solid()
        self._depth -= 1
        if last.kind != end:
            closing = "}}" if end == "close" else ")"
            self._fail(last, f"{closing} is missing; found {shown(last)}")
        self._check(commands, start, wanted)
        return Pipe(start.at, tuple(commands), names, declares)

    def _targets(self, loop: bool) -> tuple[tuple[str, ...], bool]:
        """The variables that a pipeline's value goes to."""
        start = self._next
        names: list[Token] = []
        while self._peek_solid().kind == "variable":
            names.append(self._take())
            if not (loop and len(names) == 1 and self._take_solid_if(",")):
                break
        sign = self._peek_solid()
        if not names or sign.kind not in ("declare", "="):
            if loop and sign.kind == "," and names:
                self._fail(sign, "range takes at most two variables")
            self._next = start
            return (), False
        self._take()
        if sign.kind == "=":
            for name in names:
                self._known(name)
        else:
            self._variables += [name.text for name in names]
        return tuple(name.text for name in names), sign.kind == "declare"

    def _take_solid_if(self, kind: str) -> bool:
        if self._peek_solid().kind != kind:
            return False
        self._take()
        return True

    def _check(self, commands: list[Command], start: Token, wanted: str) -> None:
        for position, command in enumerate(commands):
            if not command.operands:
                what = f"{wanted} is missing" if position == 0 else "a function is missing after |"
                raise self._source.error(command.at or start.at, what)
            if position and isinstance(command.operands[0], Constant | Nil | Dot):
                raise self._source.error(command.at, "only a function can stand after |")

    def _command(self) -> Command:
        operands: list[Operand] = []
        at = self._peek_solid().at
        while (operand := self._operand()) is not None:
            operands.append(operand)
            if self._peek().kind not in _AFTER_OPERAND:
                self._fail(self._peek(), f"{shown(self._peek())} cannot stand right after a value")
        return Command(at, tuple(operands))

    def _operand(self) -> Operand | None:
        self._peek_solid()
        term = self._term()
        if term is None or self._peek().kind != "field":
            return term
        at, names = self._peek().at, []
        while self._peek().kind == "field":
            names.append(self._take().text[1:])
        match term:
            case Field():
                return Field(term.at, (*term.names, *names))
            case Variable():
                return Variable(term.at, term.name, (*term.names, *names))
            case Constant() | Nil() | Dot():
                raise self._source.error(at, "a value of its own has no fields")
        return Chain(at, term, tuple(names))

    def _term(self) -> Operand | None:
        token = self._peek()
        reader = _TERMS.get(token.kind)
        if reader is None:
            return None
        self._take()
        return reader(self, token)

    def _word(self, token: Token) -> Operand:
        if token.text in _WORDS:
            return Constant(token.at, _WORDS[token.text])
        if token.text == "nil":
            return Nil(token.at)
        if token.text not in self._functions:
            hint = nearest(token.text, self._functions)
            advice = f"; did you mean {hint}?" if hint else ""
            self._fail(token, f"there is no function {token.text!r}{advice}")
        return Identifier(token.at, token.text)

    def _variable(self, token: Token) -> Operand:
        self._known(token)
        return Variable(token.at, token.text)

    def _known(self, token: Token) -> None:
        if token.text not in self._variables:
            self._fail(token, f"the variable {token.text} is not declared; write {token.text} :=")

    def _literal(self, token: Token, read: Callable[[str], Read]) -> Read:
        try:
            return read(token.text)
        except ValueError as error:
            self._fail(token, str(error))


def shown(token: Token) -> str:
    return repr(token.text) if token.text.strip() else "the end"


_TERMS: dict[str, Callable[[PipelineParser, Token], Operand]] = {
    "word": PipelineParser._word,
    "dot": lambda _, token: Dot(token.at),
    "variable": PipelineParser._variable,
    "field": lambda _, token: Field(token.at, (token.text[1:],)),
    "char": lambda self, token: Constant(token.at, self._literal(token, character)),
    "number": lambda self, token: Constant(token.at, self._literal(token, number)),
    "string": lambda self, token: Constant(token.at, self._literal(token, unquoted)),
    "(": lambda self, _: self._pipe(")", "a value"),
}
