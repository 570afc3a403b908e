"""What a database may come to before its report says so."""

from pydantic import Field

from opsbook.book.fields import Duration, Percent, Size
from opsbook.book.model import Section

_MIB = 1024 * 1024


class Limits(Section):
    """What a database may come to; a limit that its kind does not know is refused."""

    size: Size | None = Field(default=None, gt=0)
    """Of the database, or of its file."""
    connections_percent: Percent = Field(default=80.0, gt=0, le=100)
    """Connections, of those that the server has for everybody."""
    dead_percent: Percent = Field(default=20.0, ge=0)
    """Dead rows of the worst table, of its live rows; may be more than 100 %."""
    bloat_percent: Percent = Field(default=20.0, ge=0, le=100)
    """Space that the worst table holds and does not need."""
    free_percent: Percent = Field(default=30.0, ge=0, le=100)
    """Pages of the file that hold nothing."""
    memory_percent: Percent = Field(default=90.0, gt=0, le=100)
    """Memory, of what the server may take."""
    long_query: Duration = Field(default=300.0, gt=0)
    """How long the oldest query or transaction may have been running."""
    slow_query: Duration = Field(default=1.0, gt=0)
    """A statement whose mean time is longer is slow."""
    slow_queries: int | None = Field(default=None, ge=0)
    """How many slow statements there may be."""
    unused_index: Size = Field(default=_MIB, ge=0)
    """An index that is larger and was never scanned is unused."""
    big_key: Size = Field(default=_MIB, gt=0)
    """A key that takes more memory is big."""
