"""The base of every section of a book."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings as they stand in a book: unknown keys are errors, nothing changes later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
