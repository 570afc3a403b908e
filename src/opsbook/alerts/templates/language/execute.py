"""Carrying out what was read: statements write, operands and pipelines have values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from opsbook.alerts.templates.language.errors import CallError, Source
from opsbook.alerts.templates.language.fields import field_of
from opsbook.alerts.templates.language.functions import Function
from opsbook.alerts.templates.language.limits import Budget, TextBuffer
from opsbook.alerts.templates.language.nodes import (
    Action,
    Body,
    Branch,
    Chain,
    Command,
    Constant,
    Definitions,
    Dot,
    Field,
    Identifier,
    Include,
    Leave,
    Nil,
    Operand,
    Pipe,
    Text,
    Variable,
)
from opsbook.alerts.templates.language.ranges import items
from opsbook.alerts.templates.language.values import Value, is_true

Variables = list[tuple[str, Value]]
Signal = Literal["break", "continue"] | None
_DEEPEST = 40
"""Templates that call each other."""


@dataclass(frozen=True, slots=True)
class Context:
    """What does not change while a template is carried out."""

    functions: Mapping[str, Function]
    definitions: Definitions
    show: Callable[[Value, str], str]
    """How a value is written after what was written last."""
    budget: Budget
    out: TextBuffer


@dataclass(slots=True)
class Frame:
    """One call of one template: its source, its variables, and how deep it lies."""

    context: Context
    source: Source
    variables: Variables
    depth: int = 0
    _handlers: Mapping[type, Callable[..., Signal]] = field(init=False)

    def __post_init__(self) -> None:
        self._handlers = {
            Text: self._text,
            Action: self._action,
            Branch: self._branch,
            Include: self._include,
            Leave: self._leave,
        }

    def run(self, body: Body, dot: Value) -> Signal:
        """Write what the body says. Raises TemplateError."""
        for statement in body:
            try:
                self.context.budget.step()
                signal = self._handlers[type(statement)](statement, dot)
            except CallError as error:
                raise self.source.error(statement.at, str(error)) from None
            if signal:
                return signal
        return None

    # Statements

    def _text(self, text: Text, _: Value) -> Signal:
        self.context.out.add(text.text)
        return None

    def _leave(self, leave: Leave, _: Value) -> Signal:
        return leave.kind

    def _action(self, action: Action, dot: Value) -> Signal:
        value = self._pipe(action.pipe, dot)
        if not action.pipe.variables:
            out = self.context.out
            out.add(self.context.show(value, out.last))
        return None

    def _branch(self, branch: Branch, dot: Value) -> Signal:
        known = len(self.variables)
        try:
            if branch.kind == "range":
                return self._range(branch, dot)
            value = self._pipe(branch.pipe, dot)
            if not is_true(value):
                return self.run(branch.otherwise, dot)
            return self.run(branch.body, value if branch.kind == "with" else dot)
        finally:
            del self.variables[known:]

    def _range(self, branch: Branch, dot: Value) -> Signal:
        pipe = branch.pipe
        over = self._value_of(pipe, dot)
        known, looped = len(self.variables), False
        for index, item in items(over, len(pipe.variables)):
            looped = True
            self.context.budget.step()
            self._bind_item(pipe, index, item)
            signal = self.run(branch.body, item)
            del self.variables[known:]
            if signal == "break":
                break
        return None if looped else self.run(branch.otherwise, dot)

    def _bind_item(self, pipe: Pipe, index: Value, item: Value) -> None:
        values = (index, item) if len(pipe.variables) == 2 else (item,)
        for name, value in zip(pipe.variables, values, strict=False):
            self._bind(name, value, pipe.declares)

    def _include(self, include: Include, dot: Value) -> Signal:
        definition = self.context.definitions.get(include.name)
        if definition is None:
            raise CallError(f"there is no template {include.name!r}; define it")
        if self.depth >= _DEEPEST:
            raise CallError(f"more than {_DEEPEST} templates call each other; is it a circle?")
        data = self._pipe(include.pipe, dot) if include.pipe else None
        inner = Frame(self.context, definition.source, [("$", data)], self.depth + 1)
        inner.run(definition.body, data)
        return None

    # Pipelines

    def _pipe(self, pipe: Pipe, dot: Value) -> Value:
        value = self._value_of(pipe, dot)
        for name in pipe.variables:
            self._bind(name, value, pipe.declares)
        return value

    def _value_of(self, pipe: Pipe, dot: Value) -> Value:
        value = self._command(pipe.commands[0], dot, ())
        for command in pipe.commands[1:]:
            value = self._command(command, dot, (value,))
        return value

    def _bind(self, name: str, value: Value, declares: bool) -> None:
        if declares:
            self.variables.append((name, value))
            return
        at = max(at for at, (known, _) in enumerate(self.variables) if known == name)
        self.variables[at] = (name, value)

    def _command(self, command: Command, dot: Value, last: tuple[Value, ...]) -> Value:
        """`last` holds what the command before has handed over."""
        first, *others = command.operands
        try:
            match first:
                case Identifier(name="and" | "or" as word):
                    return self._until(word == "or", others, dot, last)
                case Nil():
                    raise CallError("nil is no value to show; leave it out")
                case Identifier() | Field() | Chain() | Variable(names=(_, *_)):
                    values = [self._operand(each, dot) for each in others]
                    return self._operand(first, dot, (*values, *last))
            if others or last:
                raise CallError("this is no function, and takes nothing; remove what follows it")
            return self._operand(first, dot)
        except CallError as error:
            raise self.source.error(first.at, str(error)) from None

    def _until(
        self, wanted: bool, operands: list[Operand], dot: Value, last: tuple[Value, ...]
    ) -> Value:
        """The first value that is as wanted, without asking for those after it; or the last."""
        value = None
        if not operands and not last:
            raise CallError("and, or: takes at least one value")
        for operand in operands:
            value = self._operand(operand, dot)
            if is_true(value) == wanted:
                return value
        return last[0] if last else value

    def _operand(self, operand: Operand, dot: Value, given: tuple[Value, ...] = ()) -> Value:
        match operand:
            case Constant(value=value):
                return value
            case Dot():
                return dot
            case Nil():
                return None
            case Field(names=names):
                return self._fields(operand, dot, names, given)
            case Variable(name=name, names=names):
                return self._fields(operand, self._lookup(name), names, given)
            case Chain(base=base, names=names):
                return self._fields(operand, self._operand(base, dot), names, given)
            case Identifier(name=name):
                return self._call(operand, name, given)
            case Pipe():
                return self._pipe(operand, dot)

    def _lookup(self, name: str) -> Value:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise CallError(f"the variable {name} has no value yet")

    def _fields(
        self, operand: Operand, value: Value, names: tuple[str, ...], given: tuple[Value, ...]
    ) -> Value:
        """A chain of fields; what is given goes to the last. Nothing has only empty fields."""
        if value is None:
            return None
        try:
            for name in names[:-1]:
                value = field_of(value, name)
            value = field_of(value, names[-1], given) if names else value
        except CallError as error:
            raise self.source.error(operand.at, str(error)) from None
        self.context.budget.account(value)
        return value

    def _call(self, operand: Identifier, name: str, given: tuple[Value, ...]) -> Value:
        function = self.context.functions.get(name)
        if function is None:
            raise self.source.error(operand.at, f"there is no function {name!r} here")
        try:
            value = function(given)
        except CallError as error:
            raise self.source.error(operand.at, f"{name}: {error}") from None
        self.context.budget.account(value)
        return value
