"""The book's `web:` — where Opsbook answers."""

from typing import Annotated

from pydantic import Field

from opsbook.book.model import Section


class WebSettings(Section):
    """One port for everything."""

    host: str = "127.0.0.1"
    """The address to listen on; loopback, since there is no sign-in yet."""
    port: int = Field(default=7070, ge=0, le=65_535)
    """0 takes a free one."""
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """The path below which everything stands, such as `/opsbook`."""
