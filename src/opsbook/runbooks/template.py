"""Text of a book with `{{ … }}` in it, filled when a step is carried out.

Jinja's expressions in its sandbox: what a book says about one step must not reach into Opsbook.
"""

from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Self

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from opsbook.core.errors import BadInputError

Reference = tuple[str, ...]
"""A name that a template uses, with the fields it takes: `steps.count.value` in three parts."""


class _Text(ABC):
    """Text of a book that is read once and never changes."""

    types: ClassVar[list[str]]
    examples: ClassVar[list[str]]
    source: str
    _tree: nodes.Template

    @property
    def references(self) -> frozenset[Reference]:
        return frozenset(_references(self._tree))

    def __str__(self) -> str:
        return self.source

    def __deepcopy__(self, _: Any) -> Self:
        """As a field's default it is copied for each use."""
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": cls.types, "examples": cls.examples}


class Template(_Text):
    """Text in which `{{ name }}` stands for a parameter or an earlier step's result."""

    types = ["string", "number", "boolean"]
    examples = ["text", "{{ parameter }}"]

    def __init__(self, source: str) -> None:
        """Raises ValueError for what is no template."""
        self.source = source
        try:
            self._tree = _environment().parse(source)
            self._compiled = _environment().from_string(source)
            self._alone = _alone(self._tree, source)
        except TemplateError as error:
            raise ValueError(f"not a template: {error}") from None

    @property
    def fixed(self) -> str | None:
        """Its text where nothing has to be filled in, else None."""
        parts = [each for node in self._tree.body for each in node.iter_child_nodes()]
        texts = [each.data for each in parts if isinstance(each, nodes.TemplateData)]
        return "".join(texts) if len(texts) == len(parts) else None

    def value(self, values: Mapping[str, Any]) -> Any:
        """What it stands for: of a single `{{ … }}` the value itself, else text.

        Raises BadInputError naming what is not there.
        """
        return _filled(self.source, self._alone or self._compiled.render, values)

    def text(self, values: Mapping[str, Any]) -> str:
        """Filled, as text. Raises BadInputError."""
        return str(self.value(values))


class Expression(_Text):
    """A condition without braces, such as `steps.count.value > 0`."""

    types = ["string", "boolean"]
    examples = ["steps.count.value > 0"]

    def __init__(self, source: str) -> None:
        """Raises ValueError for what is no expression."""
        self.source = source
        try:
            self._tree = _environment().parse("{{" + source + "}}")
            self._compiled = _environment().compile_expression(source, undefined_to_none=False)
        except TemplateError as error:
            raise ValueError(f"not an expression: {error}") from None

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Raises BadInputError naming what is not there."""
        return bool(_filled(self.source, self._compiled, values))


class _Environment(ImmutableSandboxedEnvironment):
    """A result's own field comes before what Python has under that name, such as `values`."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


@cache
def _environment() -> _Environment:
    """Only `{{ … }}` means anything: `${#list}` in a command is the shell's. The markers that
    Jinja has for statements and comments are set to what no text of a book has."""
    return _Environment(
        block_start_string="\0{%",
        block_end_string="%}\0",
        comment_start_string="\0{#",
        comment_end_string="#}\0",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def _schema(cls: type[Any]) -> CoreSchema:
    def read(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if isinstance(value, bool):
            return cls(str(value).lower())
        if isinstance(value, str | int | float):
            return cls(str(value))
        raise ValueError("not text: write text, with {{ name }} for what is filled in")

    return core_schema.no_info_plain_validator_function(
        read, serialization=core_schema.to_string_ser_schema()
    )


def _alone(tree: nodes.Template, source: str) -> Callable[..., Any] | None:
    """A template that is one `{{ … }}` and nothing else keeps the type of its value."""
    text = source.strip()
    only = tree.body[0] if len(tree.body) == 1 else None
    outputs = only.nodes if isinstance(only, nodes.Output) else []
    whole = text.startswith("{{") and text.endswith("}}") and len(outputs) == 1
    if not whole or isinstance(outputs[0], nodes.TemplateData):
        return None
    inner = text[2:-2].removeprefix("-").removesuffix("-")  # `{{- … -}}` trims what is around it
    return _environment().compile_expression(inner, undefined_to_none=False)


def _filled(source: str, fill: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    try:
        value = fill(**values)
        if isinstance(value, StrictUndefined):
            str(value)  # raises, and names what is missing
    except Exception as error:  # whatever an expression may do wrong is its author's to mend
        raise BadInputError(f"{source!r} cannot be filled: {error}") from None
    return value


def _references(tree: nodes.Template) -> Iterator[Reference]:
    free = find_undeclared_variables(tree)
    inner: set[int] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        path = _path(node)
        if path and path[0] in free and id(node) not in inner:
            yield path
            below: nodes.Node = node
            while isinstance(below, nodes.Getattr | nodes.Getitem):
                below = below.node
                inner.add(id(below))


def _path(node: nodes.Node) -> Reference:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        below = _path(node.node)
        return (*below, node.attr) if below else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        below = _path(node.node)
        return (*below, str(node.arg.value)) if below else ()
    return ()
