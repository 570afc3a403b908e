"""Types for what a step says, with templates in it."""

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from opsbook.book.fields import Secret
from opsbook.core.secrets import Secret as Held
from opsbook.durable.values import Json
from opsbook.runbooks.context import Context
from opsbook.runbooks.template import Template

TemplateOrSecret = Annotated[Secret | Template, Field(union_mode="left_to_right")]
"""A template, or a secret where it is written as `env:NAME` or `file:/path`."""


def _templates(value: Any) -> Any:
    if isinstance(value, str):
        return Template(value)
    if isinstance(value, list):
        return [_templates(each) for each in value]
    if isinstance(value, dict):
        return {name: _templates(each) for name, each in value.items()}
    return value


def _sources(value: Any) -> Any:
    if isinstance(value, Template):
        return value.source
    if isinstance(value, list):
        return [_sources(each) for each in value]
    if isinstance(value, dict):
        return {name: _sources(each) for name, each in value.items()}
    return value


Document: TypeAlias = Annotated[
    Any, BeforeValidator(_templates), PlainSerializer(_sources), WithJsonSchema({})
]
"""Anything that JSON knows; each text in it is a template."""


def filled(document: Any, context: Context) -> Json:
    """A document with every template filled. Raises BadInputError."""
    if isinstance(document, Template):
        found: Json = context.value(document)
        return found
    if isinstance(document, list):
        return [filled(each, context) for each in document]
    if isinstance(document, dict):
        return {name: filled(each, context) for name, each in document.items()}
    plain: Json = document
    return plain


def shown(given: Template | Held, context: Context) -> str:
    """The text itself, at the moment of use. Raises BadInputError."""
    return given.reveal() if isinstance(given, Held) else context.text(given)
