"""The book's `status_page:` — what the public may know, and under which names."""

from typing import Annotated

from pydantic import Field

from opsbook.book.fields import Name
from opsbook.book.model import Section
from opsbook.web.public.words import Language

ShownName = Annotated[str, Field(min_length=1, max_length=100)]


class PublicServiceSettings(Section):
    """A part of the platform as the public knows it."""

    of: list[Name] = Field(min_length=1)
    """The services that it consists of: it stands as the worst of them does."""
    description: str = ""
    """What the public uses it for."""


class StatusPageSettings(Section):
    """A page that anybody may read without signing in. It shows what stands here, and no more."""

    title: str = Field(min_length=1, max_length=200)
    """The heading of the page."""
    description: str = ""
    """A sentence below the heading."""
    path: str = Field("/status", pattern=r"^(/[A-Za-z0-9][A-Za-z0-9_-]*)+$")
    """Where the page is; with `.json` behind it, the same as JSON."""
    services: dict[ShownName, PublicServiceSettings] = Field(min_length=1)
    """The name that the public reads → what is meant by it."""
    history_days: int = Field(90, ge=1, le=366)
    """How many days back the page looks, today among them. A day begins at midnight UTC."""
    incidents: bool = False
    """Whether to show what people wrote with `opsbook incident status --public`, word for word,
    about incidents of these services."""
    language: Language = "en"
    """The language of the page's own words."""

    @property
    def paths(self) -> tuple[str, str]:
        """Where anybody may look: the page, and the same as JSON."""
        return self.path, f"{self.path}.json"

    def shown_names(self, services: tuple[str, ...]) -> list[str]:
        """What the public knows these services as, in the order of the page."""
        return [name for name, shown in self.services.items() if set(shown.of) & set(services)]
