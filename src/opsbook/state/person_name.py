"""What somebody may be called, whom a token or a password makes known."""

from pydantic import TypeAdapter, ValidationError

from opsbook.book.fields import Name
from opsbook.core.errors import BadInputError

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def person_name(text: str) -> str:
    """The text, if it is a name. Raises BadInputError."""
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise BadInputError(f"{text!r}: {reason}") from None
